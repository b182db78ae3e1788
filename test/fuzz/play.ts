/** Sends a sequence to a server. What its clients get is theirs: it is not judged. Neighbours: actions, check. */
import { RawClient } from '../support/raw-client.ts'
import type { RawMultiOp } from '../support/raw-codec.ts'
import { type Action, type Fill, SESSIONS, type Sequence } from './actions.ts'
import { Failed } from './finding.ts'
import { flood } from './flood.ts'

/** Longer than any sequence and the checks behind it: sessions end by a close only. */
export const TIMEOUT_MS = 600_000
const PORTION_BYTES = 4_000_000
const PORTION_REQUESTS = 4_000

const text = ({ char, length }: Fill): string => char.repeat(Math.ceil(length / char.length))

const addressOf = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
/** All different, with the text at the begin or at the end: a pattern may be slow for one of them only. */
const idOf = (id: string, i: number): string => (i % 2 === 0 ? `${id}${i}` : `${i}${id}`)

class Player {
  readonly #port: number
  readonly #root: string
  client: RawClient | undefined
  readonly #made: string[] = []
  #count = 0

  constructor(port: number, number: number) {
    this.#port = port
    this.#root = `/s${number}`
  }

  async connected(): Promise<RawClient> {
    if (this.client?.closed === false) return this.client
    this.client = await RawClient.connect({ port: this.#port, timeoutMs: TIMEOUT_MS })
    await this.client.create(this.#root)
    return this.client
  }

  /** A session beside its own. */
  beside(): Promise<RawClient> {
    return RawClient.connect({ port: this.#port, timeoutMs: TIMEOUT_MS })
  }

  async #close(client: RawClient): Promise<void> {
    const { err } = await client.send(-11, {})
    if (err !== 0) throw new Failed('a session does not end', `its close is answered ${err}`)
  }

  /** Yields what waits for an answer, and how many bytes each is. */
  *send(client: RawClient, action: Action): Generator<readonly [Promise<unknown>, number]> {
    const root = this.#root
    switch (action.do) {
      case 'create': {
        const { op, flags, ttlMs, count } = action
        const name = text(action.name)
        const data = Buffer.alloc(action.data, 'd')
        for (let i = 0; i < count; i++) {
          const unique = String(this.#count++)
          const room = Math.max(0, action.name.length - root.length - unique.length - 1)
          const path = `${root}/${unique}${name.slice(0, room)}`
          this.#made.push(path)
          const record = { path, data, flags, ttlMs }
          yield [client.send(op, record), path.length + action.data]
        }
        return
      }
      case 'chain': {
        let path = root
        for (let i = 0; i < action.depth; i++) {
          path += '/d'
          this.#made.push(path)
          yield [client.create(path), path.length]
        }
        if (!action.quota) return
        const at = `/zookeeper/quota${root}/d`
        for (const made of [`/zookeeper/quota${root}`, at, `${at}/zookeeper_limits`]) {
          yield [client.create(made, { data: 'count=1,bytes=1' }), 0]
        }
        yield [client.create(`${at}/zookeeper_stats`), 0]
        yield [client.setData(path, 'deep'), path.length]
        return
      }
      case 'quota': {
        const at = `/zookeeper/quota${root}`
        yield [client.create(at), 0]
        yield [client.create(`${at}/zookeeper_limits`, { data: action.limits }), 0]
        if (action.stats === null) return
        yield [client.create(`${at}/zookeeper_stats`, { data: action.stats }), 0]
        yield [client.setData(`${at}/zookeeper_stats`, action.stats), 0]
        return
      }
      case 'auth': {
        const id = text(action.id)
        for (let i = 0; i < action.count; i++) {
          yield [client.auth(action.scheme, `${i}${id}:password`), id.length]
        }
        return
      }
      case 'acl': {
        for (let i = 0; i < action.ids; i++) yield [client.auth('digest', `user${i}:password`), 60]
        const id = text(action.id)
        const acl = Array.from({ length: action.count }, (_, i) => {
          const unique = action.scheme === 'ip' ? addressOf(i) : idOf(id, i)
          return { perms: 31, scheme: action.scheme, id: unique }
        })
        acl.push({ perms: 31, scheme: 'world', id: 'anyone' })
        const path = `${root}/acl${this.#count++}`
        yield [client.create(path, { acl }), action.count * (id.length + 20)]
        yield [client.setAcl(path, acl), action.count * (id.length + 20)]
        for (let i = 0; i < action.reads; i++) yield [client.getData(path), 0]
        return
      }
      case 'overwrite': {
        const data = Buffer.alloc(action.data, 'o')
        for (let i = 0; i < action.count; i++) yield [client.setData(root, data), data.length]
        return
      }
      case 'flood':
        yield [flood(root, action, () => this.beside()), 0]
        return
      case 'multi': {
        const data = 'm'.repeat(action.data)
        const ops: RawMultiOp[] = Array.from({ length: action.count }, () => ({
          ...{ op: 1, path: `${root}/m${this.#count++}`, data, flags: 0 },
          acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
        }))
        if (action.fails) ops.push({ op: 13, path: `${root}/absent`, version: 1 })
        yield [client.multi(ops), 0]
        return
      }
      case 'read': {
        for (let i = 0; i < action.count; i++) {
          const { op, watch } = action
          // Counted is what is below: most of it is below the root.
          const path = op === 104 ? root : (this.#made[i] ?? root)
          yield [
            op === 6 || op === 104 ? client.send(op, { path }) : client.send(op, { path, watch }),
            path.length,
          ]
        }
        return
      }
      case 'watches': {
        const name = text(action.name)
        const paths = Array.from({ length: action.count }, (_, i) => `${root}/${name}${i}`)
        yield [client.setWatches({ relativeZxid: 0, data: [], exist: paths, child: [] }), 1_000_000]
        return
      }
      case 'odd': {
        const path = action.text
        for (const at of [path, `${root}${path}`]) {
          yield [client.create(at, { flags: 1 }), at.length]
          yield [client.create2(at), at.length]
          yield [client.createTtl(at, 86_400_000, { flags: 6 }), at.length]
          yield [client.setData(at, at), at.length]
          yield [client.setAcl(at, [{ perms: -1, scheme: 'digest', id: at }]), at.length]
          yield [client.getChildren2(at, true), at.length]
          yield [client.addWatch(at, 1), at.length]
          yield [
            client.multi([
              { op: 1, path: `${at}/m` },
              { op: 13, path: at, version: -1 },
            ]),
            at.length,
          ]
          yield [client.sync(at), at.length]
        }
        return
      }
      case 'delete':
        for (const path of this.#made.splice(-action.count).reverse()) {
          yield [client.delete(path), path.length]
        }
        return
      case 'reconfig': {
        const { text: members } = action
        const record = { joining: members, leaving: '', newMembers: members, curConfigId: -1 }
        yield [client.reconfig(record), 0]
        return
      }
      case 'frame':
        yield [client.sendRecord(action.op, Buffer.from(action.hex, 'hex')), 0]
        return
      case 'close':
        yield [this.#close(client), 0]
        return
      case 'drop':
        client.destroy()
    }
  }
}

/** Resolves when all is answered, or its connections are closed. */
export async function play(sequence: Sequence, port: number): Promise<void> {
  const players = Array.from({ length: SESSIONS }, (_, number) => new Player(port, number))
  try {
    for (const action of sequence) {
      const player = players[action.s] as Player
      const client = await player.connected()
      let waiting: Promise<unknown>[] = []
      let bytes = 0
      for (const [answer, length] of player.send(client, action)) {
        waiting.push(answer)
        bytes += length
        if (waiting.length < PORTION_REQUESTS && bytes < PORTION_BYTES) continue
        await Promise.allSettled(waiting)
        waiting = []
        bytes = 0
      }
      for (const answer of await Promise.allSettled(waiting)) {
        if (answer.status === 'rejected' && answer.reason instanceof Failed) throw answer.reason
      }
      // Ended by the server too, for what is no request: the next action connects again.
      if (action.do === 'close') await client.waitFor(() => client.closed)
    }
  } finally {
    for (const { client } of players) client?.destroy()
  }
}
