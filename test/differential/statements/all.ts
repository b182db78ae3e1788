/** The written scripts, by what they are about. */
import type { Script } from '../script.ts'
import { errorScripts } from './errors.ts'
import { multiScripts } from './multi.ts'
import { sessionScripts } from './sessions.ts'
import { treeScripts } from './tree.ts'
import { watchScripts } from './watches.ts'

export const statements: Record<string, Record<string, Script>> = {
  'tree (S, Q, P, C, Z)': treeScripts,
  'multi (M)': multiScripts,
  'watches (V, §1.4)': watchScripts,
  'sessions and access (H, E, A)': sessionScripts,
  'precedence of errors (§2.7)': errorScripts,
}
