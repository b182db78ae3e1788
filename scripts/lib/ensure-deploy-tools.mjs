/** helm and kubeconform, built with Go from their own modules, and the schemas that manifests are compared with. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cached, cacheFolder } from './cache.mjs'
import { timed } from './log.mjs'
import { runQuiet, which } from './run.mjs'
import { versions } from './versions.mjs'

const programs = {
  helm: 'helm.sh/helm/v3/cmd/helm',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
}

/** What helm's own builds set: without it, it takes every cluster for one of Kubernetes 1.20. */
const [major, minor] = versions.kubernetes.split('.')
const chartutil = 'helm.sh/helm/v3/pkg/chartutil'
const flags = `-ldflags=-s -w -X ${chartutil}.k8sVersionMajor=${major} -X ${chartutil}.k8sVersionMinor=${minor}`

/** Schemas come from here: the API server's OpenAPI document, and the operator's custom resources. */
const kubernetes = `k8s.io/kubernetes@v${versions.kubernetes}`
const operator = `github.com/prometheus-operator/prometheus-operator@v${versions.prometheusOperator}`

/**
 * @param {keyof programs} name
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureGoProgram(name) {
  const version = versions[name]
  return reasonUnless(`no ${name} ${version}`, () =>
    cached(`${name}-${version}`, (folder) =>
      timed(`building ${name} ${version} with Go, once (helm: some two minutes)`, async () => {
        const source = join(folder, 'source')
        mkdirSync(source)
        const run = (...args) => runQuiet(go(), args, { cwd: source })
        await run('mod', 'init', name)
        await run('get', `${programs[name]}@v${version}`)
        await run('build', '-trimpath', flags, '-o', join(folder, name), programs[name])
        rmSync(source, { recursive: true })
      }),
    ),
  )
}

/** Where it is built. Same rule as deployTool() in test/support/requirements.ts. */
export function helmProgram() {
  return join(cacheFolder(), `helm-${versions.helm}`, 'helm')
}

/** One JSON schema for each kind. Same name as kubernetesSchemas() in test/support/requirements.ts. */
export function ensureKubernetesSchemas() {
  const name = `kubernetes-schemas-${versions.kubernetes}-${versions.prometheusOperator}`
  return reasonUnless('no schemas of Kubernetes', () =>
    cached(name, (folder) =>
      timed('making the schemas of Kubernetes, once', async () => {
        // Only here: it needs the modules of npm, which are installed by now.
        const { writeApiSchemas, writeCustomSchemas } = await import('./kubernetes-schemas.mjs')
        writeApiSchemas(
          folder,
          join(await moduleFolder(kubernetes), 'api/openapi-spec/swagger.json'),
        )
        const crds = join(await moduleFolder(operator), 'example/prometheus-operator-crd')
        for (const kind of ['servicemonitors', 'prometheusrules']) {
          writeCustomSchemas(folder, join(crds, `monitoring.coreos.com_${kind}.yaml`))
        }
      }),
    ),
  )
}

/** Where Go keeps the files of a module, fetched if they are not there. */
async function moduleFolder(module) {
  return JSON.parse(await runQuiet(go(), ['mod', 'download', '-json', module])).Dir
}

function go() {
  const program = which('go')
  if (program === undefined) throw new Error('no Go to build it with')
  return program
}

async function reasonUnless(what, work) {
  try {
    await work()
    return undefined
  } catch (error) {
    return `${what}: ${error.message.split('\n').slice(0, 2).join(': ')}`
  }
}
