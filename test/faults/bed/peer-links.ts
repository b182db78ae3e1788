/**
 * The links between the members of an etcd cluster: one listener before each member's peer port,
 * whose URL the member advertises. Which member a connection comes from is read from /proc (the
 * process that owns its near end), and what it carries from its first line:
 *
 *   GET /raft/stream/msgapp/…   the dialled member sends the dialling one its entries (MsgApp)
 *   GET /raft/stream/message/…  … and everything else: heartbeats, votes, forwarded reads and writes
 *   POST /raft…                 the dialling member sends what no stream takes, snapshots among it
 *
 * What is held stays in the relay, as a partition leaves it in the senders' buffers: neither end
 * sees the connection close before the link is healed.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { ownerOfConnection } from './port-peer.ts'

export type PeerTraffic = 'entries' | 'all'

interface Connection {
  readonly from: number | undefined
  readonly to: number
  /** Undefined until its first line is there. */
  kind: 'msgapp' | 'message' | 'snapshot' | 'other' | undefined
  readonly dialling: Socket
  readonly dialled: Socket
  readonly held: { up: boolean; down: boolean }
}

export class PeerLinks {
  readonly #servers: Server[] = []
  readonly #targets: (string | undefined)[] = []
  readonly #connections = new Set<Connection>()
  /** Members that get nothing of this kind from anybody. */
  readonly #deaf = new Map<number, PeerTraffic>()
  /** Members that reach nobody. */
  readonly #mute = new Set<number>()
  readonly #pids: () => readonly (number | undefined)[]

  private constructor(pids: () => readonly (number | undefined)[]) {
    this.#pids = pids
  }

  /** Listens for `size` members. `pids`: of the members, as they run now. */
  static async start(
    size: number,
    pids: () => readonly (number | undefined)[],
  ): Promise<PeerLinks> {
    const links = new PeerLinks(pids)
    for (let to = 0; to < size; to++) {
      const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (dialling) =>
        links.#relay(dialling, to),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      links.#servers.push(server)
    }
    return links
  }

  /** What member `index` advertises. */
  url(index: number): string {
    return `http://127.0.0.1:${(this.#servers[index]!.address() as AddressInfo).port}`
  }

  /** Where member `index` listens in truth. */
  lead(index: number, host: string): void {
    this.#targets[index] = host
  }

  /** The member gets nothing from its peers and reaches none of them. */
  cutOff(index: number): void {
    this.#deaf.set(index, 'all')
    this.#mute.add(index)
    this.#apply()
  }

  /** The member gets heartbeats and answers to its questions, but no entries. */
  holdEntries(index: number): void {
    this.#deaf.set(index, 'entries')
    this.#apply()
  }

  heal(): void {
    this.#deaf.clear()
    this.#mute.clear()
    this.#apply()
  }

  async stop(): Promise<void> {
    this.heal()
    const closed = this.#servers.map(
      (server) => new Promise((resolve) => server.close(() => resolve(undefined))),
    )
    for (const { dialling, dialled } of this.#connections) {
      dialling.destroy()
      dialled.destroy()
    }
    await Promise.all(closed)
  }

  #relay(dialling: Socket, to: number): void {
    const from = ownerOfConnection(dialling.remotePort ?? 0, dialling.localPort ?? 0, this.#pids())
    const [host, port] = this.#targets[to]!.split(':')
    const dialled = connect({ host: host!, port: Number(port), allowHalfOpen: true })
    const connection: Connection = {
      from,
      to,
      kind: undefined,
      dialling,
      dialled,
      held: { up: false, down: false },
    }
    this.#connections.add(connection)
    for (const socket of [dialling, dialled]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('end', () => this.#ended(connection))
      socket.on('close', () => this.#ended(connection))
    }
    dialling.on('data', (bytes) => {
      connection.kind ??= kindOf(bytes)
      this.#applyTo(connection)
      dialled.write(bytes)
    })
    dialled.on('data', (bytes) => dialling.write(bytes))
    this.#applyTo(connection)
    if (!connection.held.up) dialling.resume()
  }

  /** One end is gone: the other one learns it when the link is not held. */
  #ended(connection: Connection): void {
    if (connection.held.up || connection.held.down) return
    this.#connections.delete(connection)
    connection.dialling.destroy()
    connection.dialled.destroy()
  }

  #apply(): void {
    for (const connection of this.#connections) this.#applyTo(connection)
  }

  #applyTo(connection: Connection): void {
    const { dialling, dialled, held } = connection
    const next = this.#heldOf(connection)
    if (next.up !== held.up) {
      held.up = next.up
      if (next.up) dialling.pause()
      else dialling.resume()
    }
    if (next.down !== held.down) {
      held.down = next.down
      if (next.down) dialled.pause()
      else dialled.resume()
    }
    const isFree = !held.up && !held.down
    if (isFree && (dialling.destroyed || dialled.destroyed)) this.#ended(connection)
  }

  #heldOf({ from, to, kind }: Connection): { up: boolean; down: boolean } {
    const intoDialled = this.#deaf.get(to)
    const intoDialling = from === undefined ? undefined : this.#deaf.get(from)
    const isMute = this.#mute.has(to) || (from !== undefined && this.#mute.has(from))
    return {
      up: isMute || intoDialled === 'all' || (intoDialled === 'entries' && kind === 'snapshot'),
      down: isMute || intoDialling === 'all' || (intoDialling === 'entries' && kind === 'msgapp'),
    }
  }
}

function kindOf(bytes: Buffer): NonNullable<Connection['kind']> {
  const line = bytes.subarray(0, 80).toString('latin1')
  if (line.startsWith('GET /raft/stream/msgapp')) return 'msgapp'
  if (line.startsWith('GET /raft/stream/message')) return 'message'
  if (line.startsWith('POST /raft/snapshot')) return 'snapshot'
  return 'other'
}
