/** The package as users get it: packed, and installed from its tarball into an empty project. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { versions } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const consumer = fileURLToPath(new URL('./consumer', import.meta.url))
const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const { devDependencies } = createRequire(import.meta.url)('../../package.json') as {
  devDependencies: Record<string, string>
}

/** No install script: what the package needs is prebuilt. */
const npmOptions = [
  ...['--no-audit', '--no-fund', '--ignore-scripts'],
  ...['--engine-strict', '--prefer-offline'],
]

export interface Outcome {
  code: number | null
  /** stdout and stderr, as they came. */
  output: string
}

/** `npm pack` of the built package. Returns the tarball's path, in `folder`. */
export async function pack(folder: string): Promise<string> {
  const args = [npmProgram(), 'pack', '--ignore-scripts', '--pack-destination', folder]
  expectSuccess('npm pack', await run(process.execPath, args, root))
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!)
}

/** A project with the tarball installed, and with what its conformance suites and types need; without any driver. */
export class Project {
  readonly folder: string
  readonly #node: string

  private constructor(node: string) {
    this.folder = temporaryFolder('packed')
    this.#node = node
  }

  /** `node`: the program under which npm runs too, so that `engines` is checked against it. */
  static async install(node: string, tarball: string): Promise<Project> {
    const project = new Project(node)
    const dependencies = {
      anykeeper: `file:${tarball}`,
      ...pick('chai', 'mocha', '@types/chai', '@types/mocha', '@types/node', 'typescript'),
      'typescript-oldest': `npm:typescript@${versions.typescriptOldest}`,
    }
    const manifest = { name: 'consumer', private: true, type: 'module', dependencies }
    writeFileSync(join(project.folder, 'package.json'), JSON.stringify(manifest))
    expectSuccess('npm install', await project.run([npmProgram(), 'install', ...npmOptions]))
    cpSync(consumer, project.folder, { recursive: true })
    cpSync(examples, join(project.folder, 'examples'), { recursive: true })
    return project
  }

  /** A file in the installed package or one of its neighbours. */
  module(...path: string[]): string {
    return join(this.folder, 'node_modules', ...path)
  }

  run(args: readonly string[]): Promise<Outcome> {
    return run(this.#node, args, this.folder)
  }

  /** Installs one package more, in the version that this repository's own tests use. */
  async add(name: string): Promise<void> {
    const args = [npmProgram(), 'install', ...npmOptions, `${name}@${devDependencies[name]}`]
    expectSuccess(`npm install ${name}`, await this.run(args))
  }

  remove(): void {
    removeFolder(this.folder)
  }
}

/** The versions that this repository's own tests use. */
function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, devDependencies[name]!]))
}

export function npmProgram(): string {
  const given = process.env.npm_execpath
  if (given?.endsWith('npm-cli.js')) return given
  const beside = join(dirname(process.execPath), '..', 'lib/node_modules/npm/bin/npm-cli.js')
  return existsSync(beside) ? beside : '/usr/share/nodejs/npm/bin/npm-cli.js'
}

export function expectSuccess(what: string, { code, output }: Outcome): void {
  if (code !== 0) throw new Error(`${what} ended with ${code}:\n${output}`)
}

export function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let output = ''
    // A test runner's own settings are no part of a user's environment.
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output = (output + text).slice(-20_000)
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
