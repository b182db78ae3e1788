/** Every suite by its name. */
import { loads } from './loads.ts'
import type { Suite } from './suite.ts'
import { sustained } from './sustained.ts'
import { values } from './values.ts'

export const SUITES: Readonly<Record<string, Suite>> = { loads, values, sustained }
