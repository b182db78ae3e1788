/** A Dockerfile without Docker: its build stage runs as a script in a folder, its last stage becomes a folder that is a root. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runQuiet } from './run-quiet.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Instruction {
  readonly name: string
  readonly value: string
}

/** One list of instructions for each FROM, which is its first. */
export function stagesOf(text: string): readonly (readonly Instruction[])[] {
  const stages: Instruction[][] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, value] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (name === undefined) throw new Error(`not an instruction in one line: ${line}`)
    if (name === 'FROM') stages.push([])
    stages.at(-1)!.push({ name, value: value! })
  }
  return stages
}

/** The last value of that name; ENTRYPOINT, CMD and HEALTHCHECK in the form of a JSON array. */
export function lastOf(stage: readonly Instruction[], name: string): string {
  const found = stage.findLast((one) => one.name === name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found.value
}

export const listOf = (value: string): string[] => JSON.parse(value.slice(value.indexOf('[')))

/** Files of the repository that the build gets. */
export function contextFiles(): string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).trim().split('\n')
  return files.filter((file) => !isIgnored(file))
}

/** By .dockerignore: the last rule that fits the file, or a folder above it, decides. */
function isIgnored(file: string): boolean {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
  let ignored = false
  for (const line of lines.filter((one) => one !== '' && !one.startsWith('#'))) {
    const pattern = line.replace(/^!/, '')
    const source = pattern
      .replaceAll('.', '\\.')
      .replaceAll(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'))
    if (new RegExp(`^${source}(?:/|$)`).test(file)) ignored = !line.startsWith('!')
  }
  return ignored
}

/** Runs the instructions; a path such as /app of the image is `folder`/app. `path`: in front of PATH. */
export async function buildStage(
  stage: readonly Instruction[],
  folder: string,
  path: string,
): Promise<void> {
  const env = { ...process.env, NODE_OPTIONS: '', PATH: `${path}:${process.env.PATH}` }
  let cwd = folder
  for (const { name, value } of stage) {
    if (name === 'WORKDIR') {
      cwd = join(folder, value)
      mkdirSync(cwd, { recursive: true })
    } else if (name === 'COPY') copyIn(value, cwd)
    else if (name === 'RUN') {
      const command = value.replaceAll(/(?<= )\/(?=[a-z])/g, `${folder}/`)
      await runQuiet('sh', ['-ec', command], { cwd, env })
    } else if (name !== 'FROM') throw new Error(`${name} in a build stage`)
  }
}

function copyIn(value: string, cwd: string): void {
  const names = value.split(' ').slice(0, -1)
  for (const file of names.includes('.') ? contextFiles() : names) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true })
    copyFileSync(join(root, file), join(cwd, file))
  }
}

/** The files of the last stage, with a Node and what it links to instead of those of the base image. */
export function assembleRoot(
  stage: readonly Instruction[],
  built: string,
  folder: string,
  node: string,
): void {
  copyProgram(node, join(folder, 'nodejs', 'bin', 'node'), folder)
  for (const { name, value } of stage) {
    if (name !== 'COPY') continue
    const [from, to] = value.split(' ').filter((word) => !word.startsWith('--'))
    cpSync(join(built, from!), join(folder, to!), { recursive: true })
  }
  for (const empty of ['proc', 'tmp', 'etc/anykeeper/conf']) {
    mkdirSync(join(folder, empty), { recursive: true })
  }
}

function copyProgram(program: string, to: string, folder: string): void {
  const linked = execFileSync('ldd', [program], { encoding: 'utf8' })
  for (const [, library] of linked.matchAll(/(?:=> |^\s+)(\/\S+)/gm)) {
    mkdirSync(dirname(join(folder, library!)), { recursive: true })
    copyFileSync(library!, join(folder, library!))
  }
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(program, to)
  chmodSync(to, 0o755)
}
