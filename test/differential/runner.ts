/**
 * Runs a script on one server, or on several proxies of one store, and writes down what every
 * session was told. Steps run strictly one after the other; a session is brought up to date by sync
 * before its step when others acted since, so that what a server may decide (when another session's
 * changes become visible, where among the replies their events arrive) is decided the same way
 * everywhere: events caused by others come before the reply of that sync.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient, type RawEntry, type RawReply } from '../support/raw-client.ts'
import type { RawRequests, RawStat } from '../support/raw-codec.ts'
import { inSubtree, type Script, type ScriptRequest, type Step } from './script.ts'

/** Every subject of a comparison is started with it; the password is "secret". */
export const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='
export const SUPER_AUTH = 'super:secret'

export type Line =
  | { kind: 'connected'; timeoutMs: number; sameSession: boolean }
  /** The connection ended before it had an answer to its ConnectRequest. */
  | { kind: 'refused' }
  | { kind: 'silent' }
  | { kind: 'entry'; entry: RawEntry; request?: ScriptRequest; unordered: boolean }

export interface Run {
  readonly lines: ReadonlyMap<string, readonly Line[]>
  /** zxid of the subtree's creation: what the script's zxids count from. */
  readonly zxidStart: number
  readonly startedMs: number
  /** Session id → name, with a generation when the name had several. */
  readonly names: ReadonlyMap<bigint, string>
  /** Of the znodes every server has, as the script found them. */
  readonly reserved: ReadonlyMap<string, RawStat>
}

const RESERVED = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']
const TIMEOUT_MS = 20_000
const SILENCE_MS = 8_000
/** Requests after which a server may end the connection. */
const ENDING = new Set([-11, 13, 16, 20, 100, 102])
/** setACL and closeSession: see {@link RunOptions.settled}. */
const SETTLING = new Set([7, -11])
const XID: Partial<Record<number, number>> = { 11: -2, 100: -4, 101: -8, 105: -8 }

class Member {
  readonly lines: Line[] = []
  client: RawClient | undefined
  sessionId = 0n
  password: Buffer = Buffer.alloc(16)
  zxidSeen = 0
  endpoint: number
  generation = 0
  /** Of Runner.acts: what this session's last sync covers. */
  actsSeen = 0
  collected = 0
  nextXid = 1
  sent: { xid: number; request: ScriptRequest }[] = []

  constructor(endpoint: number) {
    this.endpoint = endpoint
  }
}

export interface RunOptions {
  readonly ports: readonly number[]
  /** Above the subtree, '/s12': the subtree's own parent is fresh, too. */
  readonly parent: string
  /** The connection that a session had at another endpoint stays until its client leaves it, as in an ensemble. */
  readonly leavesOld?: boolean | undefined
  /**
   * Called behind each setACL and closeSession, with the newest zxid that the session has seen. A leader commits for its learners before
   * it has applied a transaction itself. Until then it judges by the old ACL: the ChangeRecord of a setACL keeps that. And the parents of the
   * ephemerals that a closeSession takes are NOTEMPTY: it lowers no childCount in a ChangeRecord.
   * Absent: a reply says that the leader has applied it. Source: PrepRequestProcessor, Leader.tryToCommit.
   */
  readonly settled?: ((zxid: number) => Promise<void>) | undefined
}

export async function run(script: Script, options: RunOptions): Promise<Run> {
  const control = await RawClient.connect({ port: options.ports[0]!, timeoutMs: TIMEOUT_MS })
  await control.auth('digest', SUPER_AUTH)
  const root = `${options.parent}/r`
  for (const path of [options.parent, `/zookeeper/quota${options.parent}`]) {
    await control.create2(path)
  }
  const made = await control.create2(root)
  if (made.err !== 0) throw new Error(`${root}: ${made.err}`)
  const reserved = new Map<string, RawStat>()
  for (const path of RESERVED) {
    const { stat } = (await control.exists(path)).record
    if (stat !== undefined) reserved.set(path, stat)
  }
  const runner = new Runner(options, made.zxid)
  const startedMs = Date.now()
  try {
    for (const step of inSubtree(script, root)) await runner.step(step)
    await runner.barrier(undefined, false)
  } finally {
    await runner.end()
    await options.settled?.((await control.send(9, { path: '/' })).zxid)
    await cleanUp(control)
    await control.close()
  }
  const lines = new Map([...runner.members].map(([name, member]) => [name, member.lines]))
  return { lines, zxidStart: made.zxid, startedMs, names: runner.names, reserved }
}

class Runner {
  readonly members = new Map<string, Member>()
  readonly names = new Map<bigint, string>()
  readonly #ports: readonly number[]
  readonly #leavesOld: boolean
  readonly #settled: RunOptions['settled']
  readonly #zxidStart: number
  #acts = 0

  constructor({ ports, leavesOld = false, settled }: RunOptions, zxidStart: number) {
    this.#ports = ports
    this.#leavesOld = leavesOld
    this.#settled = settled
    this.#zxidStart = zxidStart
  }

  async step(step: Step): Promise<void> {
    if (step.do === 'barrier') return this.barrier(undefined, false)
    const member = this.#member(step.session)
    switch (step.do) {
      case 'drop':
        member.client?.destroy()
        member.client = undefined
        return
      case 'resume':
        return this.#resume(step.session, member, step)
      case 'send':
        return this.#send(step.session, member, step.requests)
    }
  }

  async #send(name: string, member: Member, requests: readonly ScriptRequest[]): Promise<void> {
    // What a closing session takes with it comes in no given order: keep other events out of it.
    const closes = requests.some(({ op }) => op === -11)
    if (member.client === undefined) await this.#connect(name, member, {})
    if (closes) await this.barrier(undefined, false)
    else if (member.actsSeen !== this.#acts) await this.#sync(member, false)
    const { client } = member
    if (client === undefined) return
    this.#acts++
    member.actsSeen = this.#acts
    client.socket.cork()
    const replies = requests.map((request) => this.#request(member, client, request))
    client.socket.uncork()
    await this.#answered(member, client, replies)
    // Ended by this, or going on? A ping tells, because it is answered last.
    if (!client.closed && requests.some(({ op }) => ENDING.has(op))) {
      const settled = client.ping().catch(() => {})
      await Promise.race([settled, sleep(SILENCE_MS, undefined, { ref: false })])
      const last = client.transcript.at(-1)
      if (last?.kind === 'reply' && last.xid === -2) client.transcript.pop()
    }
    this.#collect(member, false)
    if (requests.some(({ op }) => SETTLING.has(op))) await this.#settled?.(member.zxidSeen)
    if (closes) {
      member.sessionId = 0n
      await this.barrier(undefined, true)
    }
  }

  #request(member: Member, client: RawClient, request: ScriptRequest): Promise<unknown> {
    const { op } = request
    const record =
      'relativeZxid' in request
        ? { ...request, relativeZxid: this.#zxid(member, request.relativeZxid) }
        : request
    const xid = XID[op] ?? member.nextXid++
    member.sent.push({ xid, request })
    return client.send(op, record as RawRequests[typeof op], xid)
  }

  /** All answered, or the connection gone; a server that does neither is found out. */
  async #answered(member: Member, client: RawClient, replies: Promise<unknown>[]): Promise<void> {
    const all = Promise.allSettled(replies).then(() => 'done')
    const timer = new AbortController()
    const silence = sleep(SILENCE_MS, 'silent', { signal: timer.signal }).catch(() => 'done')
    const how = await Promise.race([all, silence])
    timer.abort()
    if (how === 'done') return
    this.#collect(member, false)
    member.lines.push({ kind: 'silent' })
    client.destroy()
  }

  #zxid(member: Member, zxid: 'seen' | number): number {
    return zxid === 'seen' ? member.zxidSeen : this.#zxidStart + zxid
  }

  async #resume(name: string, member: Member, step: Step & { do: 'resume' }): Promise<void> {
    // What others did is told on the old connection: whether it still is once that one is being
    // closed depends on timing.
    if (member.client !== undefined && member.actsSeen !== this.#acts) {
      await this.#sync(member, false)
    }
    const { client: old, endpoint } = member
    if (step.elsewhere) member.endpoint++
    member.client = undefined
    if (old === undefined) return this.#connect(name, member, step)
    const { collected, nextXid, sent } = member
    await this.#connect(name, member, step)
    if (member.client === undefined) {
      // Refused: the old connection lives on.
      Object.assign(member, { client: old, endpoint, collected, nextXid, sent })
      return
    }
    if (this.#leavesOld && step.elsewhere) old.destroy()
    // The old connection's end belongs to the transcript, before anything of the new one.
    await old.waitFor(() => old.closed, SILENCE_MS).catch(() => {})
    const entries = old.transcript.slice(collected)
    const lines = entries.map((entry): Line => ({ kind: 'entry', entry, unordered: false }))
    const at = member.lines.findLastIndex((line) => line.kind === 'connected')
    member.lines.splice(at, 0, ...lines)
    old.destroy()
  }

  async #connect(
    name: string,
    member: Member,
    step: Partial<Step & { do: 'resume' }>,
  ): Promise<void> {
    const { wrongPassword, lastZxidSeen = 'seen' } = step
    const asked = member.sessionId
    member.collected = 0
    member.nextXid = 1
    member.sent = []
    try {
      member.client = await RawClient.connect({
        port: this.#ports[member.endpoint % this.#ports.length]!,
        timeoutMs: TIMEOUT_MS,
        sessionId: asked,
        password: wrongPassword ? Buffer.alloc(16, 1) : member.password,
        lastZxidSeen: this.#zxid(member, lastZxidSeen),
        readOnly: false,
      })
    } catch {
      member.lines.push({ kind: 'refused' })
      return
    }
    const { client } = member
    const sameSession = asked !== 0n && client.sessionId === asked
    member.lines.push({ kind: 'connected', timeoutMs: client.timeoutMs, sameSession })
    if (client.timeoutMs === 0) {
      await client.waitFor(() => client.closed, SILENCE_MS).catch(() => {})
      this.#collect(member, false)
      member.client = undefined
      if (!wrongPassword) member.sessionId = 0n
      return
    }
    if (asked === 0n) {
      this.#acts++
      member.generation++
      const number = member.generation > 1 ? `#${member.generation}` : ''
      this.names.set(client.sessionId, `${name}${number}`)
    }
    member.sessionId = client.sessionId
    member.password = client.password
  }

  /** Up to date, every connected session; `unordered` marks what a session's end has caused. */
  async barrier(except: Member | undefined, unordered: boolean): Promise<void> {
    for (const member of this.members.values()) {
      if (member !== except && member.client !== undefined) await this.#sync(member, unordered)
    }
  }

  async #sync(member: Member, unordered: boolean): Promise<void> {
    const { client } = member
    if (client === undefined || client.closed) return this.#collect(member, unordered)
    member.actsSeen = this.#acts
    const request: ScriptRequest = { op: 9, path: '/' }
    await this.#answered(member, client, [this.#request(member, client, request)])
    this.#collect(member, unordered)
  }

  #collect(member: Member, unordered: boolean): void {
    const { client } = member
    if (client === undefined) return
    for (const entry of client.transcript.slice(member.collected)) {
      const line: Line = { kind: 'entry', entry, unordered }
      if (entry.kind === 'reply') {
        member.zxidSeen = Math.max(member.zxidSeen, entry.zxid)
        const at = member.sent.findIndex(({ xid }) => xid === entry.xid)
        if (at >= 0) line.request = member.sent.splice(at, 1)[0]!.request
      }
      member.lines.push(line)
    }
    member.collected = client.transcript.length
    if (client.closed) {
      client.destroy()
      member.client = undefined
    }
  }

  #member(name: string): Member {
    let member = this.members.get(name)
    if (member === undefined) {
      member = new Member(this.members.size)
      this.members.set(name, member)
    }
    return member
  }

  /** No session outlives the script: its expiry would disturb a later one. */
  async end(): Promise<void> {
    for (const member of this.members.values()) {
      const { sessionId, password } = member
      if (sessionId === 0n) continue
      const open = member.client?.closed === false ? member.client : undefined
      try {
        const port = this.#ports[member.endpoint % this.#ports.length]!
        await (open ?? (await RawClient.connect({ port, sessionId, password }))).close()
      } catch {
        // Already gone, which the transcripts tell.
      }
    }
  }
}

/** As a fresh server, but for counters that never go back. */
async function cleanUp(control: RawClient): Promise<void> {
  await control.send(9, { path: '/' })
  const keep = new Set(RESERVED)
  const visit = async (path: string): Promise<void> => {
    const { children = [] } = (await control.getChildren(path)).record
    for (const name of children) await visit(path === '/' ? `/${name}` : `${path}/${name}`)
    if (!keep.has(path)) await control.delete(path)
  }
  await visit('/')
  for (const path of RESERVED) {
    const { err, record }: RawReply = await control.getData(path)
    // null too: the oracle outlives its candidates, and a fresh one has ''.
    const changed = err === 0 && record.data?.length !== 0
    if (path !== '/zookeeper/config' && changed) await control.setData(path, '')
  }
}
