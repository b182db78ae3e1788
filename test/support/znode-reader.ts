/** Reads znodes with an unmodified ZooKeeper client, and waits on its watches. */

import { createRequire } from 'node:module'
import { endClient } from './end-client.ts'
import { within } from './eventually.ts'

/** The part of node-zookeeper-client, which brings no types, that is used here. */
interface Client {
  connect(): void
  close(): void
  once(event: 'connected', listener: () => void): void
  exists(path: string, watcher: Watcher | Done<RawStat | null>, done?: Done<RawStat | null>): void
  getData(
    path: string,
    done: (error: Failure, data: Buffer | undefined, stat: RawStat) => void,
  ): void
  getChildren(path: string, watcher: Watcher | Done<string[]>, done?: Done<string[]>): void
}
type Watcher = () => void
type Failure = { getCode(): number } | null
type Done<T> = (error: Failure, result: T) => void
/** 64-bit numbers come as their bytes. */
interface RawStat {
  czxid: Buffer
  mzxid: Buffer
  ephemeralOwner: Buffer
  version: number
}

const { createClient } = createRequire(import.meta.url)('node-zookeeper-client') as {
  createClient(connectString: string, options: { sessionTimeout: number }): Client
}

const noNode = -101

export interface Znode {
  /** '' for null. */
  text: string
  czxid: bigint
  mzxid: bigint
  /** Session id, 0n when persistent. */
  ephemeralOwner: bigint
  version: number
}

export class ZnodeReader {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  /** `host:port[,…]`; paths are absolute, there is no chroot. */
  static async connect(connectString: string): Promise<ZnodeReader> {
    const client = createClient(connectString, { sessionTimeout: 20_000 })
    const connected = new Promise<void>((resolve) => client.once('connected', resolve))
    client.connect()
    try {
      await within(`a session at ${connectString}`, 20_000, connected)
    } catch (error) {
      endClient(client)
      throw error
    }
    return new ZnodeReader(client)
  }

  close(): void {
    endClient(this.#client)
  }

  /** undefined when there is none. */
  read(path: string): Promise<Znode | undefined> {
    return new Promise((resolve, reject) => {
      this.#client.getData(path, (error, data, stat) => {
        if (error?.getCode() === noNode) resolve(undefined)
        else if (error) reject(error)
        else resolve(znode(data, stat))
      })
    })
  }

  /** Of a znode that exists. */
  async json(path: string): Promise<Record<string, unknown>> {
    const found = await this.read(path)
    if (found === undefined) throw new Error(`no znode ${path}`)
    return JSON.parse(found.text)
  }

  /** Sorted. */
  children(path: string, onChange?: Watcher): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const done: Done<string[]> = (error, names) => (error ? reject(error) : resolve(names.sort()))
      if (onChange) this.#client.getChildren(path, onChange, done)
      else this.#client.getChildren(path, done)
    })
  }

  /**
   * The first state of the znode (undefined: absent) of which `accept` says true, by watches: it
   * sees the newest state after each notification, not each state.
   */
  until(
    path: string,
    what: string,
    accept: (found: Znode | undefined) => boolean,
    deadlineMs: number,
  ): Promise<Znode | undefined> {
    return this.#until(
      `${path}: ${what}`,
      deadlineMs,
      async (onChange) => {
        await this.#watch(path, onChange)
        return this.read(path)
      },
      accept,
      (found) => found?.text ?? 'absent',
    )
  }

  /** The same for the names of the children of a znode that exists. */
  untilChildren(
    path: string,
    what: string,
    accept: (names: string[]) => boolean,
    deadlineMs: number,
  ): Promise<string[]> {
    const read = (onChange: Watcher): Promise<string[]> => this.children(path, onChange)
    return this.#until(`children of ${path}: ${what}`, deadlineMs, read, accept, String)
  }

  async #until<T>(
    what: string,
    deadlineMs: number,
    read: (onChange: Watcher) => Promise<T>,
    accept: (found: T) => boolean,
    show: (found: T) => string,
  ): Promise<T> {
    let seen = 'nothing'
    let ended = false
    const accepted = async (): Promise<T> => {
      for (;;) {
        let notify: Watcher = () => {}
        const change = new Promise<void>((resolve) => {
          notify = resolve
        })
        const found = await read(notify)
        seen = show(found)
        if (ended || accept(found)) return found
        await change
      }
    }
    try {
      return await within(what, deadlineMs, accepted(), () => `last seen: ${seen}`)
    } finally {
      ended = true
    }
  }

  #watch(path: string, watcher: Watcher): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.exists(path, watcher, (error) => (error ? reject(error) : resolve()))
    })
  }
}

function znode(data: Buffer | undefined, stat: RawStat): Znode {
  return {
    text: data?.toString() ?? '',
    czxid: stat.czxid.readBigInt64BE(),
    mzxid: stat.mzxid.readBigInt64BE(),
    ephemeralOwner: stat.ephemeralOwner.readBigInt64BE(),
    version: stat.version,
  }
}
