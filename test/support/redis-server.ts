/** Starts a real redis-server as a child process on a free port, and removes every trace of it. */
import { join } from 'node:path'
import { type Child, spawnChild } from './child.ts'
import { freePort } from './free-port.ts'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

export interface RedisServerOptions {
  /** @default true */
  readonly appendOnly?: boolean
  /** @default "always" */
  readonly appendFsync?: 'always' | 'everysec' | 'no'
  /** Its port takes TLS only. */
  readonly isTls?: boolean
  /** Further settings as of redis.conf: `{ maxmemory: '10mb' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

const START_ATTEMPTS_MAX = 3

export class RedisServer {
  readonly port: number
  readonly folder = temporaryFolder('redis')
  readonly #options: RedisServerOptions
  #child: Child | undefined

  constructor(port: number, options: RedisServerOptions) {
    this.port = port
    this.#options = options
  }

  /** host:port for clients. */
  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  get url(): string {
    return `redis://${this.host}`
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('redis-server was not started')
    return this.#child
  }

  /** Starts it, also again on the same port and data. Without `isLoaded` it may still read its data. */
  async start({ isLoaded = true }: { isLoaded?: boolean } = {}): Promise<this> {
    this.#child = spawnChild({
      name: `redis:${this.port}`,
      command: 'redis-server',
      args: this.#arguments(),
      cwd: this.folder,
    })
    await this.child.waitForPort(this.port)
    if (isLoaded) await this.child.waitForLine(/Ready to accept connections/)
    return this
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.signal(signal)
  }

  /** SIGKILL, data kept. */
  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  /** Ends the process and removes its data. Idempotent. */
  async stop(): Promise<void> {
    await this.kill()
    removeFolder(this.folder)
  }

  #arguments(): string[] {
    const { appendOnly = true, appendFsync = 'always', isTls, settings = {} } = this.#options
    const all = {
      port: isTls ? '0' : String(this.port),
      ...(isTls ? { 'tls-port': String(this.port) } : {}),
      bind: '127.0.0.1',
      dir: this.folder,
      daemonize: 'no',
      save: '',
      appendonly: appendOnly ? 'yes' : 'no',
      appendfsync: appendFsync,
      // Replicas of a test shall not wait for others to join them.
      'repl-diskless-sync-delay': '0',
      pidfile: join(this.folder, 'pid'),
      ...settings,
    }
    return Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  }
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new RedisServer(await freePort(), options)
    try {
      return await server.start()
    } catch (error) {
      await server.stop()
      // Another process may have taken the port between our look and the server's bind.
      if (attempt === START_ATTEMPTS_MAX) throw error
    }
  }
}
