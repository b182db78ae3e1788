/** Clients in processes of their own, which speak in JSON lines: Curator, kazoo and the C client. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { compileWith } from '../../suites/compile.ts'
import { eventually } from '../../support/eventually.ts'
import { curatorLibs } from '../../support/requirements.ts'
import { LATE_MS, type MovedClient, roomOf, SESSION_MS, type Seen } from './moved-client.ts'

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Compiles Curator’s program into this folder. */
export async function compileMoved(folder: string): Promise<void> {
  const libs = join(curatorLibs(), '*')
  await compileWith('javac', [
    ...['-nowarn', '-proc:none', '-cp', libs, '-d', folder],
    source('Moved.java'),
  ])
}

export function curatorClient(servers: string, classes: string): Promise<MovedClient> {
  const flags = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const classPath = `${classes}:${join(curatorLibs(), '*')}`
  return new Program('curator', servers, 'java', [...flags, '-cp', classPath, 'Moved']).ready()
}

export function kazooClient(servers: string): Promise<MovedClient> {
  return new Program('kazoo', servers, '/usr/bin/python3', ['-B', source('moved.py')]).ready()
}

export function cClient(servers: string): Promise<MovedClient> {
  return new Program('c', servers, process.execPath, [source('moved-c.mjs')]).ready()
}

interface Line extends Seen {
  readonly what: 'ready' | 'turn' | 'released'
}

class Program implements MovedClient {
  readonly name: string
  readonly room: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: Line[] = []
  readonly #ended: Promise<void>
  #isOver = false
  #errors = ''

  constructor(name: string, servers: string, command: string, args: readonly string[]) {
    this.name = name
    this.room = roomOf(name)
    this.#process = spawn(command, [...args, servers, this.room, String(SESSION_MS)])
    createInterface(this.#process.stdout).on('line', (line) => {
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line))
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    this.#process.stdin.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#errors += String(error)
      })
      this.#process.once('close', () => {
        this.#isOver = true
        resolve()
      })
    })
  }

  async ready(): Promise<this> {
    await this.#next('ready')
    return this
  }

  async turn(value: string): Promise<Seen> {
    this.#process.stdin.write(`${value}\n`)
    const { what: _, ...seen } = await this.#next('turn')
    return seen
  }

  async release(): Promise<Readonly<Record<string, boolean>>> {
    this.#process.stdin.write('release\n')
    return (await this.#next('released')).held
  }

  async close(): Promise<void> {
    if (!this.#isOver) this.#process.kill('SIGKILL')
    await this.#ended
  }

  async #next(what: Line['what']): Promise<Line> {
    const line = await eventually(
      `"${what}" of ${this.name}`,
      () => this.#lines.shift() ?? (this.#isOver && 'over'),
      LATE_MS + 30_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#errors}`)
    })
    if (line === 'over' || line.what !== what) {
      throw new Error(`${this.name} says ${JSON.stringify(line)}, not ${what}:\n${this.#errors}`)
    }
    return line
  }
}
