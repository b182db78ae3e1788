/** One client's pipelined writes, and what may and must be there after a server was killed. */
import { expect } from 'chai'
import type { RawClient, RawReply } from '../support/raw-client.ts'
import { OPEN_ACL } from '../support/raw-codec.ts'
import { served } from './served.ts'

/** Requests on their way at once. */
const WINDOW = 64
const SEQUENTIAL = 2
const EPHEMERAL = 1
const NO_NODE = -101
const NODE_EXISTS = -110

export class ClientLoad {
  readonly client: RawClient
  /** Its own folder: nobody else writes there. */
  readonly folder: string
  readonly ephemeral: string
  acknowledgedCount = 0
  zxidMax = 0
  readonly #created = new Set<string>()
  readonly #deleted = new Set<string>()
  /** The path each acknowledged sequential create was answered with, by its data. */
  readonly #sequential = new Map<string, string>()
  /** Sets of one znode, in order: the n-th makes version n. */
  #setsSent = 0
  #setsAcknowledged = 0
  #ephemeralAcknowledged = false
  #isFinishing = false
  #failure: unknown

  static async start(port: number, folder: string, timeoutMs: number): Promise<ClientLoad> {
    await served(port, async (client) => {
      for (const path of [folder, `${folder}/set`]) {
        const { err } = await client.create(path, { data: '0', acl: OPEN_ACL })
        // There already: made over a connection that was cut before it said so.
        expect(err, path).to.be.oneOf([0, NODE_EXISTS])
      }
    })
    const client = await served(port, async (own) => own, { timeoutMs })
    return new ClientLoad(client, folder)
  }

  private constructor(client: RawClient, folder: string) {
    this.client = client
    this.folder = folder
    this.ephemeral = `${folder}-ephemeral`
  }

  /** Writes until the connection ends, or {@link finish} is called. */
  async run(): Promise<void> {
    const acl = OPEN_ACL
    const { client, folder } = this
    void this.#note(client.create(this.ephemeral, { acl, flags: EPHEMERAL }), () => {
      this.#ephemeralAcknowledged = true
    })
    let waiting: Promise<void>[] = []
    for (let n = 0; !client.closed && !this.#isFinishing; n++) {
      waiting.push(
        this.#note(client.create(`${folder}/c${n}`, { data: `c${n}`, acl }), () =>
          this.#created.add(`c${n}`),
        ),
        this.#note(client.setData(`${folder}/set`, `${++this.#setsSent}`), (reply) => {
          this.#setsAcknowledged++
          expect(reply.record.stat!.version).to.equal(this.#setsAcknowledged)
        }),
        this.#note(client.create(`${folder}/s-`, { data: `s${n}`, acl, flags: SEQUENTIAL }), (r) =>
          this.#sequential.set(`s${n}`, r.record.path!),
        ),
        this.#note(
          client.multi([
            { op: 1, path: `${folder}/m${n}-a`, data: 'a', acl },
            { op: 1, path: `${folder}/m${n}-b`, data: 'b', acl },
          ]),
          () => {
            this.#created.add(`m${n}-a`)
            this.#created.add(`m${n}-b`)
          },
        ),
      )
      if (n % 3 === 2) {
        const name = `c${n - 2}`
        waiting.push(this.#note(client.delete(`${folder}/${name}`), () => this.#deleted.add(name)))
        this.#created.delete(name)
      }
      if (waiting.length >= WINDOW) {
        await waiting[waiting.length >> 1]
        waiting = waiting.slice((waiting.length >> 1) + 1)
      }
    }
    await Promise.all(waiting)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Waits for what is on its way, and ends the connection. Says whether that was still there. */
  async finish(running: Promise<void>): Promise<boolean> {
    this.#isFinishing = true
    await running
    const wasOpen = !this.client.closed
    this.client.destroy()
    return wasOpen
  }

  /** Through a client of the server as it was started again. */
  async verify(client: RawClient): Promise<void> {
    const { folder } = this
    const reply = await client.getChildren2(folder)
    expect(reply.err, folder).to.equal(0)
    expect(reply.zxid, 'zxids go on').to.be.at.least(this.zxidMax)
    const names = new Set(reply.record.children as string[])
    expect(reply.record.stat!.numChildren).to.equal(names.size)
    expect(
      [...this.#created].filter((name) => !this.#mayBeDeleted(name) && !names.has(name)),
      'acknowledged and gone',
    ).to.deep.equal([])
    expect(
      [...this.#deleted].filter((name) => names.has(name)),
      'deleted and back',
    ).to.deep.equal([])
    for (const name of names) {
      const other = /^m\d+-a$/.test(name) ? name.replace(/a$/, 'b') : name.replace(/b$/, 'a')
      if (name.startsWith('m')) expect(names.has(other), `half a multi: ${name}`).to.equal(true)
    }
    await this.#verifyData(client, [...names])
    await this.#verifySets(client)
  }

  /** `restartMs`: when the restart began. A session's timeout begins anew after that, at the earliest. */
  async verifyEphemeral(client: RawClient, restartMs: number): Promise<void> {
    const ephemeral = await client.exists(this.ephemeral)
    const mustLive = performance.now() - restartMs < this.client.timeoutMs
    if (this.#ephemeralAcknowledged && mustLive) expect(ephemeral.err, this.ephemeral).to.equal(0)
    if (ephemeral.err === 0) {
      expect(ephemeral.record.stat!.ephemeralOwner).to.equal(this.client.sessionId)
    }
  }

  /** Nothing acknowledged has gone since; without the data. */
  async verifyAgain(client: RawClient): Promise<void> {
    const { record } = await client.getChildren(this.folder)
    const names = new Set(record.children as string[])
    const gone = [...this.#created].filter((name) => !this.#mayBeDeleted(name) && !names.has(name))
    expect(gone, `gone from ${this.folder}`).to.deep.equal([])
  }

  /** The session goes on at the new server, with its ephemeral; and ends with it. */
  async resume(port: number): Promise<void> {
    const { sessionId, password } = this.client
    let closing = false
    const options = { sessionId, password, timeoutMs: 20_000 }
    const resumed = async (again: RawClient): Promise<void> => {
      // Only a close whose answer was cut off may have ended it.
      if (closing && again.timeoutMs === 0) return
      expect(again.sessionId, 'the session was resumed').to.equal(sessionId)
      const { err } = await again.exists(this.ephemeral)
      if (this.#ephemeralAcknowledged) expect(err).to.equal(0)
      closing = true
      await again.send(-11, {})
    }
    await served(port, resumed, options)
    await served(port, async (other) => {
      await other.sync('/')
      expect((await other.exists(this.ephemeral)).err, 'its session was closed').to.equal(NO_NODE)
    })
  }

  #mayBeDeleted(name: string): boolean {
    const n = /^c(\d+)$/.exec(name)?.[1]
    return n !== undefined && Number(n) % 3 === 0
  }

  /** Each znode has the data it was made with; each sequential create happened once at most. */
  async #verifyData(client: RawClient, names: readonly string[]): Promise<void> {
    const seen = new Map<string, string>()
    const replies = await Promise.all(names.map((name) => client.getData(`${this.folder}/${name}`)))
    for (const [i, name] of names.entries()) {
      const data = replies[i]!.record.data!.toString()
      if (name.startsWith('c')) expect(data).to.equal(name)
      if (!name.startsWith('s-')) continue
      expect(seen.get(data), `${data} was created twice`).to.equal(undefined)
      seen.set(data, `${this.folder}/${name}`)
    }
    for (const [data, path] of this.#sequential) expect(seen.get(data), data).to.equal(path)
  }

  async #verifySets(client: RawClient): Promise<void> {
    const { record } = await client.getData(`${this.folder}/set`)
    const { version } = record.stat!
    expect(version, 'no acknowledged set is lost').to.be.at.least(this.#setsAcknowledged)
    expect(version, 'none happened twice').to.be.at.most(this.#setsSent)
    expect(record.data!.toString(), 'the last set is the one its version says').to.equal(
      `${version}`,
    )
  }

  async #note(reply: Promise<RawReply>, acknowledged: (reply: RawReply) => void): Promise<void> {
    try {
      const answer = await reply
      expect(answer.err).to.equal(0)
      acknowledged(answer)
      this.acknowledgedCount++
      this.zxidMax = Math.max(this.zxidMax, answer.zxid)
    } catch (error) {
      // A connection that ended left the outcome open; anything else is a failure.
      if (!/^connection closed/.test((error as Error).message)) this.#failure ??= error
    }
  }
}
