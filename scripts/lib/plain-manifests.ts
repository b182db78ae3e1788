/** The manifests in deploy/manifests: what the chart renders from the values beside each, without helm's own labels. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const manifestsFolder = join(root, 'deploy', 'manifests')
const chart = join(root, 'deploy', 'helm', 'anykeeper')

/** `helm`: the program. @returns text by file name */
export function plainManifests(helm: string): ReadonlyMap<string, string> {
  const values = readdirSync(manifestsFolder).filter((name) => name.endsWith('.values.yaml'))
  return new Map(
    values.map((name) => {
      const args = ['template', 'anykeeper', chart, '--kube-version', '1.36.0']
      const text = execFileSync(helm, [...args, '--values', join(manifestsFolder, name)], {
        encoding: 'utf8',
      })
      return [name.replace('.values', ''), `${headOf(name)}${withoutHelm(text)}`]
    }),
  )
}

const headOf = (values: string): string =>
  `# Rendered from the chart in deploy/helm/anykeeper with ${values}: npm run deploy:manifests\n`

/** Nobody should take them for a release of helm. */
function withoutHelm(text: string): string {
  const lines = text.split('\n')
  return lines
    .filter((line) => !/^ *(?:app\.kubernetes\.io\/managed-by|helm\.sh\/chart):/.test(line))
    .join('\n')
}
