/** The values files of the tests, what each leaf of values.yaml is, and which leaves no file changes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { chart, deployFolder } from './chart.ts'

const cases = fileURLToPath(new URL('./values', import.meta.url))
const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /values\.yaml$/.test(name) || folder === cases)
    .map((name) => join(folder, name))

/** With those of the plain manifests and of the example. */
export const VALUES_FILES: readonly string[] = [
  ...filesIn(cases),
  ...filesIn(join(deployFolder, 'manifests')),
  ...filesIn(join(deployFolder, 'examples', 'kafka')),
]

/** Value by path, such as `store.tls.enabled`; a list, and an object that is empty by default, is one value. */
export function leaves(value: unknown, path = ''): Map<string, string> {
  const isLeaf = typeof value !== 'object' || value === null || Array.isArray(value)
  if (isLeaf || Object.keys(value).length === 0) return new Map([[path, JSON.stringify(value)]])
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...leaves(inner, path === '' ? key : `${path}.${key}`),
    ]),
  )
}

const read = (file: string): unknown => parse(readFileSync(file, 'utf8'))

/** Leaves of the chart's values that have their default in all files. */
export function untriedValues(): string[] {
  const defaults = leaves(read(join(chart, 'values.yaml')))
  const tried = VALUES_FILES.map((file) => leaves(read(file)))
  const isTried = ([path, value]: [string, string]): boolean =>
    tried.some((given) =>
      [...given].some(
        ([at, other]) => (at === path && other !== value) || at.startsWith(`${path}.`),
      ),
    )
  return [...defaults].filter((leaf) => !isTried(leaf)).map(([path]) => path)
}
