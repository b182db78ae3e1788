/** Every suite by its name. */
import { changes } from './changes.ts'
import { coldStart } from './cold-start.ts'
import { commitPath } from './commit-path.ts'
import { growth } from './growth.ts'
import { latency } from './latency.ts'
import { loads } from './loads.ts'
import { memorySuite } from './memory.ts'
import { move } from './move.ts'
import { proxies } from './proxies.ts'
import { recipes } from './recipes.ts'
import { secure } from './secure.ts'
import { stores } from './stores.ts'
import type { Suite } from './suite.ts'
import { sustained } from './sustained.ts'
import { values } from './values.ts'

export const SUITES: Readonly<Record<string, Suite>> = {
  loads,
  values,
  sustained,
  latency,
  'cold-start': coldStart,
  memory: memorySuite,
  proxies,
  stores,
  growth,
  'commit-path': commitPath,
  recipes,
  changes,
  move,
  secure,
}
