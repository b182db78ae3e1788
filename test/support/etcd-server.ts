/** Starts a real etcd as a child process on free ports, and removes every trace of it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { type IncomingMessage, request as requestPlainly } from 'node:http'
import { request as requestByTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import type { Certificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { etcdProgram } from './requirements.ts'
import { stopProcess } from './stop-process.ts'

const READY_MS_MAX = 60_000
const START_ATTEMPTS_MAX = 3

export interface EtcdServerOptions {
  /** @default {@link findEtcd} */
  readonly binary?: string
  /** Further flags, such as `--max-txn-ops=1024`. */
  readonly flags?: readonly string[]
  /** TLS, with the server's certificate, for clients that have one of the same authority. */
  readonly tls?: Certificates
}

export interface EtcdServer {
  /** host:port for clients. */
  readonly host: string
  readonly port: number
  readonly pid: number
  /** "3.6.16" */
  readonly version: string
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** kill -9, data kept. */
  kill(): Promise<void>
  /** Starts it again on the same ports and data. */
  restart(): Promise<void>
  /** Ends the process and removes its data. Idempotent. */
  stop(): Promise<void>
}

/** ANYKEEPER_ETCD, else the cache folder's pinned version, else `etcd` of PATH. undefined: none. */
export function findEtcd(): string | undefined {
  const named = process.env.ANYKEEPER_ETCD
  if (named) return named
  const cached = etcdProgram()
  if (existsSync(cached)) return cached
  return spawnSync('etcd', ['--version']).status === 0 ? 'etcd' : undefined
}

/** Skips the tests where no etcd is found; with REQUIRE_ETCD set they fail instead. */
export function requireEtcd(context: { skip(): void }): void {
  if (findEtcd() !== undefined) return
  if (process.env.REQUIRE_ETCD) throw new Error('REQUIRE_ETCD is set, but no etcd was found')
  console.log('      skipped: no etcd found (ANYKEEPER_ETCD, cache folder, PATH)')
  context.skip()
}

export async function startEtcd(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const binary = options.binary ?? findEtcd()
  if (binary === undefined) throw new Error('no etcd found: set ANYKEEPER_ETCD')
  for (let attempt = 1; ; attempt++) {
    const server = new EtcdProcess(binary, options, {
      client: await freePort(),
      peer: await freePort(),
    })
    try {
      await server.restart()
      return server
    } catch (error) {
      await server.stop()
      // Another process may have taken a port between our look and etcd's bind.
      if (attempt === START_ATTEMPTS_MAX) throw error
    }
  }
}

interface Ports {
  readonly client: number
  readonly peer: number
}

class EtcdProcess implements EtcdServer {
  readonly host: string
  readonly port: number
  version = ''
  readonly #binary: string
  readonly #tls: Certificates | undefined
  readonly #args: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'anykeeper-etcd-'))
  #child: ChildProcess | undefined
  #log = ''

  constructor(binary: string, { flags = [], tls }: EtcdServerOptions, ports: Ports) {
    const client = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ports.client}`
    const peer = `http://127.0.0.1:${ports.peer}`
    this.#binary = binary
    this.#tls = tls
    this.port = ports.client
    this.host = `127.0.0.1:${ports.client}`
    this.#args = [
      `--data-dir=${join(this.#folder, 'data')}`,
      '--name=test',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=test=${peer}`,
      `--initial-cluster-token=${this.#folder}`,
      '--logger=zap',
      '--log-level=error',
      ...(tls === undefined ? [] : tlsFlags(tls)),
      ...flags,
    ]
  }

  get pid(): number {
    return this.#child!.pid!
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (signal === 'SIGSTOP') stopProcess(this.#child!.pid!)
    else this.#child!.kill(signal)
  }

  async restart(): Promise<void> {
    const child = spawn(this.#binary, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    // A test run that dies early leaves no etcd behind.
    const killAtExit = (): void => void child.kill('SIGKILL')
    process.once('exit', killAtExit)
    child.once('exit', () => process.removeListener('exit', killAtExit))
    child.on('error', (error) => {
      this.#log += String(error)
    })
    for (const output of [child.stdout!, child.stderr!]) {
      output.on('data', (text) => {
        this.#log = (this.#log + text).slice(-4_000)
      })
    }
    await this.#ready(child)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    // A stopped process takes no other signal but this one.
    child.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Until /health says true, from our own child: the port may belong to somebody else. */
  async #ready(child: ChildProcess): Promise<void> {
    const endMs = performance.now() + READY_MS_MAX
    while (performance.now() < endMs) {
      if (child.exitCode !== null || child.signalCode !== null) break
      const health = await this.#fetch('/health')
      if (String(health?.health) === 'true') {
        if (!ownsPort(child.pid!, this.port)) {
          throw new Error(`port ${this.port} belongs to another process than our etcd`)
        }
        this.version = String((await this.#fetch('/version'))?.etcdserver)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`etcd (${this.#binary}) did not get ready:\n${this.#log}`)
  }

  async #fetch(path: string): Promise<Record<string, unknown> | undefined> {
    const tls = this.#tls
    const options = { host: '127.0.0.1', port: this.port, path, signal: AbortSignal.timeout(1_000) }
    const request =
      tls === undefined
        ? requestPlainly({ ...options, agent: false })
        : requestByTls({ ...options, agent: false, ...credentialsOf(tls) })
    try {
      const [response] = (await once(request.end(), 'response')) as [IncomingMessage]
      return (await json(response)) as Record<string, unknown>
    } catch {
      return undefined
    }
  }
}

function tlsFlags({ ca, server }: Certificates): string[] {
  const files = [`--cert-file=${server.cert}`, `--key-file=${server.key}`]
  return [...files, `--trusted-ca-file=${ca}`, '--client-cert-auth']
}

function credentialsOf({ ca, client }: Certificates): { ca: Buffer; cert: Buffer; key: Buffer } {
  const [authority, cert, key] = [ca, client.cert, client.key].map((path) => readFileSync(path))
  return { ca: authority!, cert: cert!, key: key! }
}

/** Does the process listen on the TCP port? By /proc; elsewhere the answer is taken for granted. */
function ownsPort(pid: number, port: number): boolean {
  if (!existsSync('/proc/net/tcp')) return true
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(1) : []))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(`:${hexPort}`))
    .map((fields) => `socket:[${fields[9]}]`)
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).some((fd) => {
    try {
      return inodes.includes(readlinkSync(join(folder, fd)))
    } catch {
      return false
    }
  })
}
