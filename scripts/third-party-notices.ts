/** Writes THIRD_PARTY_NOTICES: `npm run notices`. */
import { writeFileSync } from 'node:fs'
import { notices } from './lib/third-party.ts'

writeFileSync(new URL('../THIRD_PARTY_NOTICES', import.meta.url), await notices())
