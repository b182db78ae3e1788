/** A session of a keeper without a client: requests in, error numbers out, as they are answered. */
import {
  type CreateMode,
  createOp,
  type Keeper,
  type Session,
  type SessionSink,
  type WriteRequest,
} from '../../lib/internal.ts'

const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export class FeedWriter implements SessionSink {
  session!: Session
  #tag = 0
  readonly #waiting = new Map<number, (errno: number) => void>()

  static async open(keeper: Keeper, timeoutMs = 30_000): Promise<FeedWriter> {
    const writer = new FeedWriter()
    writer.session = (await keeper.sessions.open(timeoutMs, writer, [])).session
    return writer
  }

  reply(tag: number, _request: unknown, _zxid: number, errno: number): void {
    this.#waiting.get(tag)?.(errno)
    this.#waiting.delete(tag)
  }
  event(): void {}
  /** What was not answered never will be. */
  ended(): void {
    for (const done of this.#waiting.values()) done(-4)
    this.#waiting.clear()
  }

  write(request: WriteRequest): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.set(++this.#tag, resolve)
      this.session.write(request, this.#tag)
    })
  }
  create(path: string, data = '', mode: CreateMode = 'persistent', ttlMs?: number) {
    const options = { mode, ...(ttlMs !== undefined && { ttlMs }) }
    return this.write(createOp(path, Buffer.from(data), options) as WriteRequest)
  }
  set(path: string, data: string): Promise<number> {
    return this.write({ type: 'setData', path, data, version: -1 })
  }
  delete(path: string): Promise<number> {
    return this.write({ type: 'delete', path, version: -1 })
  }
  setAcl(path: string, perms: number): Promise<number> {
    const acl = [{ ...OPEN[0]!, perms }]
    return this.write({ type: 'setACL', path, acl, version: -1 })
  }
  close(): Promise<number> {
    return this.write({ type: 'closeSession' })
  }
}
