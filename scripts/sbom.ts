/** Prints the packages of THIRD_PARTY_NOTICES as CycloneDX: `npm run sbom`. From package-lock.json alone, so those for other systems are there, too. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifestsOfAll } from './lib/third-party.ts'

const parent = mkdtempSync(join(tmpdir(), 'anykeeper-sbom-'))
try {
  const { manifest, lock } = manifestsOfAll()
  // npm names the application by its folder.
  const folder = join(parent, 'anykeeper')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  const args = ['--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
  execFileSync('npm', ['sbom', ...args], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
} finally {
  rmSync(parent, { recursive: true, force: true })
}
