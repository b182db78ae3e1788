/** Writes THIRD_PARTY_NOTICES: `npm run notices`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/run.mjs'
import { notices } from './lib/third-party.mjs'

writeFileSync(join(root, 'THIRD_PARTY_NOTICES'), await notices())
