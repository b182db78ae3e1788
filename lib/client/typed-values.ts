/** Values of a type of the caller's instead of bytes. Neighbour: zookeeper. */
import { KeeperError } from '../model/errors.ts'
import type { Stat } from '../model/request.ts'
import { badArgument } from './arguments.ts'
import type { CreateOptions } from './operations.ts'
import type { WatchCallback } from './watches.ts'

/** What typed values need of their client. */
export interface DataVerbs {
  create(
    path: string,
    data: Uint8Array | null,
    options?: CreateOptions,
  ): Promise<{ path: string; stat: Stat }>
  getData(path: string, watch?: WatchCallback): Promise<{ data: Uint8Array | null; stat: Stat }>
  setData(path: string, data: Uint8Array | null, version?: number): Promise<Stat>
}

/** Values to bytes and back; `null`: the znode has no data. Either function throws on what it does not take. */
export interface Codec<T> {
  /** null: no data. */
  encode(value: T): Uint8Array | null
  /** null: the znode has no data. */
  decode(data: Uint8Array | null): T
}

/** A codec refused a value or a znode's data: `cause` is what it threw, `path` the znode's. Nothing was sent of a write. */
export class CodecError extends KeeperError {
  override readonly name = 'CodecError'
  readonly code = 'CODEC_FAILED'
  /** Of the znode. */
  readonly path: string

  /** @internal */
  constructor(message: string, path: string, cause: unknown) {
    super(`${message}: ${path}`, { cause })
    this.path = path
  }
}

/** JSON as UTF-8. `check` sees what was parsed, before anybody else: it returns the value, or throws. */
export function jsonCodec<T = unknown>(
  check: (parsed: unknown) => T = (parsed) => parsed as T,
): Codec<T> {
  return {
    encode(value) {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError('the value has no JSON')
      return Buffer.from(text)
    },
    decode(data) {
      if (data === null) throw new TypeError('the znode has no data')
      return check(JSON.parse(Buffer.from(data).toString()))
    },
  }
}

/** Text as UTF-8; no data is ''. */
export const textCodec: Codec<string> = {
  encode: (value) => Buffer.from(value),
  decode: (data) => (data === null ? '' : Buffer.from(data).toString()),
}

/** The data verbs of a client, for values of one type: see {@link ZooKeeper.typed}. */
export class TypedZooKeeper<T> {
  readonly #client: DataVerbs
  readonly #codec: Codec<T>

  /** @internal {@link ZooKeeper.typed} makes it. */
  constructor(client: DataVerbs, codec: Codec<T>) {
    if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
      throw badArgument('codec must have the functions encode and decode')
    }
    this.#client = client
    this.#codec = codec
  }

  /** As {@link ZooKeeper.create}. @throws {CodecError} also */
  async create(
    path: string,
    value: T,
    options?: CreateOptions,
  ): Promise<{ path: string; stat: Stat }> {
    return this.#client.create(path, this.#encode(path, value), options)
  }

  /** As {@link ZooKeeper.getData}. @throws {CodecError} also: the watch is set then, too */
  async get(path: string, watch?: WatchCallback): Promise<{ value: T; stat: Stat }> {
    const { data, stat } = await this.#client.getData(path, watch)
    return { value: this.#decode(path, data), stat }
  }

  /** As {@link ZooKeeper.setData}. @throws {CodecError} also */
  async set(path: string, value: T, version?: number): Promise<Stat> {
    return this.#client.setData(path, this.#encode(path, value), version)
  }

  /**
   * Reads, changes and writes, again when another client was faster, at most 100 times. Resolves with
   * what was written. `change` gets the value of the znode.
   * @throws {ZnodeError} as get() and set(); ZK_BAD_VERSION: others were faster each time. What `change` throws
   */
  async update(
    path: string,
    change: (value: T) => T | Promise<T>,
  ): Promise<{ value: T; stat: Stat }> {
    for (let tries = 1; ; tries++) {
      const found = await this.get(path)
      const value = await change(found.value)
      try {
        return { value, stat: await this.set(path, value, found.stat.version) }
      } catch (error) {
        const isLate = error instanceof KeeperError && error.code === 'ZK_BAD_VERSION'
        if (!isLate || tries >= UPDATES_MAX) throw error
      }
    }
  }

  #encode(path: string, value: T): Uint8Array | null {
    try {
      return this.#codec.encode(value)
    } catch (cause) {
      throw new CodecError('the value could not be encoded', path, cause)
    }
  }

  #decode(path: string, data: Uint8Array | null): T {
    try {
      return this.#codec.decode(data)
    } catch (cause) {
      throw new CodecError('the data could not be decoded', path, cause)
    }
  }
}

/** Of {@link TypedZooKeeper.update}. */
const UPDATES_MAX = 100
