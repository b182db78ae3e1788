/** The Helm chart as helm renders it, and kubeconform's judgement of manifests. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { deployTool, kubernetesSchemas } from '../support/requirements.ts'

export const deployFolder = fileURLToPath(new URL('../../deploy', import.meta.url))
export const chart = join(deployFolder, 'helm', 'anykeeper')

/** The oldest version that the chart says it takes, and the one that the schemas are of. */
export const KUBERNETES = ['1.29.0', '1.36.0'] as const

/** Of a manifest, what tests look at. */
export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly data?: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: of each kind another one
  readonly spec?: any
}

export interface Rendering {
  readonly values?: readonly string[]
  readonly set?: readonly string[]
  readonly kubernetes?: string
  readonly release?: string
}

function arguments_({ values = [], set = [], kubernetes = KUBERNETES[1] }: Rendering): string[] {
  return [
    ...['--kube-version', kubernetes],
    ...values.flatMap((file) => ['--values', file]),
    ...set.flatMap((one) => ['--set', one]),
  ]
}

const rendered = new Map<string, string>()

/** The text of all manifests; helm renders the same only once. Throws what helm says. */
export function render(rendering: Rendering = {}): string {
  const files = rendering.values?.map((file) => readFileSync(file, 'utf8'))
  const key = JSON.stringify([rendering, files])
  const text = rendered.get(key) ?? renderNow(rendering)
  rendered.set(key, text)
  return text
}

function renderNow(rendering: Rendering): string {
  const args = ['template', rendering.release ?? 'zk', chart, '--namespace', 'kafka']
  return execFileSync(deployTool('helm'), [...args, ...arguments_(rendering)], {
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 2 ** 25,
  })
}

/** What helm says against it, or undefined. */
export function refusal(rendering: Rendering): string | undefined {
  try {
    render(rendering)
    return undefined
  } catch (error) {
    return String((error as { stderr: string }).stderr)
  }
}

export function lint(rendering: Rendering): void {
  const args = ['lint', chart, '--strict', ...arguments_(rendering)]
  execFileSync(deployTool('helm'), args, { stdio: 'pipe' })
}

export function manifestsOf(text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text)
  const errors = documents.flatMap((document) => document.errors)
  if (errors.length > 0) throw errors[0]
  return documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((one) => one !== null)
}

/** The one of that kind and name. */
export function manifest(all: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = all.find(
    (one) => one.kind === kind && (name ?? one.metadata.name) === one.metadata.name,
  )
  if (found === undefined) throw new Error(`no ${kind} ${name ?? ''}`)
  return found
}

/** Lines about what does not fit its schema; a kind without schema does not fit either. */
export function schemaErrors(text: string): { readonly count: number; readonly errors: string[] } {
  const files = join(kubernetesSchemas(), '{{ .ResourceKind }}{{ .KindSuffix }}.json')
  const args = ['-strict', '-output', 'json', '-summary', '-schema-location', files]
  const { stdout } = spawnSync(deployTool('kubeconform'), args, { input: text, encoding: 'utf8' })
  const { resources = [], summary } = JSON.parse(stdout) as {
    resources?: { kind: string; name: string; msg: string }[]
    summary: { valid: number; skipped: number }
  }
  return {
    count: summary.valid,
    errors: resources.map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`),
  }
}
