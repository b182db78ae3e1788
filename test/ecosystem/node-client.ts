/** node-zookeeper-client (npm), unmodified, with promises around its callbacks. */

import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { endClient } from '../support/end-client.ts'
import { within } from './two-proxies.ts'

export interface NodeStat {
  czxid: Buffer
  mzxid: Buffer
  ctime: Buffer
  mtime: Buffer
  version: number
  cversion: number
  aversion: number
  ephemeralOwner: Buffer
  dataLength: number
  numChildren: number
  pzxid: Buffer
}

export interface NodeAcl {
  permission: number
  id: { scheme: string; id: string }
}

export interface NodeEvent {
  name: 'NODE_CREATED' | 'NODE_DELETED' | 'NODE_DATA_CHANGED' | 'NODE_CHILDREN_CHANGED'
  path: string
}

type Watcher = (event: NodeEvent) => void
type Callback = (error: Error | null, ...results: never[]) => void

interface Transaction {
  create(path: string, data: Buffer): this
  setData(path: string, data: Buffer, version?: number): this
  check(path: string, version?: number): this
  remove(path: string, version?: number): this
  commit(callback: (error: Error | null, results: OpResult[]) => void): void
}

/** `type` is the op code, -1 for an error. */
export interface OpResult {
  type: number
  path?: string
  stat?: NodeStat
  err?: number
}

interface RawClient extends EventEmitter {
  connect(): void
  close(): void
  getSessionId(): Buffer
  getSessionTimeout(): number
  addAuthInfo(scheme: string, auth: Buffer): void
  create(path: string, data: unknown, acls: unknown, mode: unknown, callback: Callback): void
  remove(path: string, version: number, callback: Callback): void
  setData(path: string, data: Buffer, version: number, callback: Callback): void
  getData(
    path: string,
    watcher: unknown,
    callback: (error: Error | null, data: Buffer | undefined, stat: NodeStat) => void,
  ): void
  exists(path: string, watcher: unknown, callback: Callback): void
  getChildren(path: string, watcher: unknown, callback: Callback): void
  getACL(path: string, callback: Callback): void
  setACL(path: string, acls: readonly NodeAcl[], version: number, callback: Callback): void
  mkdirp(path: string, callback: Callback): void
  transaction(): Transaction
}

interface Module {
  createClient(
    connectString: string,
    options: { sessionTimeout: number; spinDelay: number },
  ): RawClient
  ACL: {
    new (permission: number, id: unknown): NodeAcl
    OPEN_ACL_UNSAFE: NodeAcl[]
    CREATOR_ALL_ACL: NodeAcl[]
    READ_ACL_UNSAFE: NodeAcl[]
  }
  Id: { new (scheme: string, id: string): unknown }
  Permission: Record<'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ADMIN' | 'ALL', number>
  CreateMode: Record<
    'PERSISTENT' | 'EPHEMERAL' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL_SEQUENTIAL',
    number
  >
}

export const nodeZookeeper: Module = createRequire(import.meta.url)('node-zookeeper-client')

export interface NodeClientOptions {
  sessionTimeoutMs?: number
}

export class NodeClient {
  readonly raw: RawClient
  /** SYNC_CONNECTED, DISCONNECTED, EXPIRED, …, in order. */
  readonly states: string[] = []

  private constructor(connectString: string, { sessionTimeoutMs = 10_000 }: NodeClientOptions) {
    this.raw = nodeZookeeper.createClient(connectString, {
      sessionTimeout: sessionTimeoutMs,
      spinDelay: 50,
    })
    this.raw.on('state', (state: { name: string }) => this.states.push(state.name))
  }

  static async connect(
    connectString: string,
    options: NodeClientOptions = {},
  ): Promise<NodeClient> {
    const client = new NodeClient(connectString, options)
    const connected = client.nextState('connected')
    client.raw.connect()
    try {
      await connected
    } catch (error) {
      endClient(client.raw)
      throw error
    }
    return client
  }

  /** As the client names its events; listens from this call on. */
  nextState(
    event: 'connected' | 'disconnected' | 'expired',
    { timeoutMs = 30_000 }: { timeoutMs?: number } = {},
  ): Promise<void> {
    return within(timeoutMs, event, new Promise((resolve) => this.raw.once(event, () => resolve())))
  }

  get sessionId(): string {
    return this.raw.getSessionId().toString('hex')
  }

  close(): void {
    endClient(this.raw)
  }

  create(
    path: string,
    { data, acls, mode }: { data?: string; acls?: NodeAcl[]; mode?: number } = {},
  ): Promise<string> {
    const bytes = data === undefined ? undefined : Buffer.from(data)
    return this.#call((done) => this.raw.create(path, bytes, acls, mode, done))
  }

  remove(path: string, version = -1): Promise<void> {
    return this.#call((done) => this.raw.remove(path, version, done))
  }

  setData(path: string, data: string, version = -1): Promise<NodeStat> {
    return this.#call((done) => this.raw.setData(path, Buffer.from(data), version, done))
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: string | undefined; stat: NodeStat }> {
    return new Promise((resolve, reject) => {
      this.raw.getData(path, watcher, (error, data, stat) => {
        if (error) reject(error)
        else resolve({ data: data?.toString(), stat })
      })
    })
  }

  /** null: no such znode. */
  exists(path: string, watcher?: Watcher): Promise<NodeStat | null> {
    return this.#call((done) => this.raw.exists(path, watcher, done))
  }

  /** Sorted: the order is the server's affair. */
  async getChildren(path: string, watcher?: Watcher): Promise<string[]> {
    const children = await this.#call<string[]>((done) => this.raw.getChildren(path, watcher, done))
    return [...children].sort()
  }

  getAcl(path: string): Promise<NodeAcl[]> {
    return this.#call((done) => this.raw.getACL(path, done))
  }

  setAcl(path: string, acls: readonly NodeAcl[], version = -1): Promise<NodeStat> {
    return this.#call((done) => this.raw.setACL(path, acls, version, done))
  }

  mkdirp(path: string): Promise<string> {
    return this.#call((done) => this.raw.mkdirp(path, done))
  }

  /** The results come also with an error. */
  transaction(
    build: (transaction: Transaction) => Transaction,
  ): Promise<{ error: Error | undefined; results: OpResult[] }> {
    return new Promise((resolve) => {
      build(this.raw.transaction()).commit((error, results) =>
        resolve({ error: error ?? undefined, results }),
      )
    })
  }

  #call<T>(start: (done: Callback) => void): Promise<T> {
    return promisify(start as (done: (error: Error | null, result: T) => void) => void)()
  }
}
