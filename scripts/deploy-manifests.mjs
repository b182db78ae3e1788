/** Writes deploy/manifests: `npm run deploy:manifests`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureGoProgram, helmProgram } from './lib/ensure-deploy-tools.mjs'
import { manifestsFolder, plainManifests } from './lib/plain-manifests.ts'

const problem = await ensureGoProgram('helm')
if (problem !== undefined) throw new Error(problem)
for (const [name, text] of plainManifests(helmProgram())) {
  writeFileSync(join(manifestsFolder, name), text)
}
