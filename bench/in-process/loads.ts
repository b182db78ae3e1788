/**
 * The loads of the commit path: sessions of a keeper, without a wire. They are a closed loop, as many requests in
 * flight as in the loads over the wire. Neighbours: build, suites/commit-path.
 */
import {
  CREATE_FLAGS,
  type Keeper,
  OPEN_ACL,
  type Session,
  type SessionSink,
  toByteString,
  type WriteRequest,
} from '../../lib/internal.ts'

const SESSIONS = 16
const IN_FLIGHT = 16
const NODES = 500
const TIMEOUT_MS = 40_000
const MULTI_OPERATIONS = 4
const DATA = toByteString(Buffer.alloc(100, 'x'))

export interface InProcessLoad {
  readonly about: string
  /** Operations of one run. */
  readonly count: number
  /** What it needs, and what is not measured. */
  prepare(keeper: Keeper): Promise<void>
  run(keeper: Keeper, count: number): Promise<void>
  /** Takes away what a run left. */
  cleanUp(keeper: Keeper): Promise<void>
}

type MakeRequest = (i: number) => WriteRequest

const path = (i: number): string => `/bench/${i % NODES}`
const parent = (i: number): string => `/bench/parent-${i % SESSIONS}`
const child = (i: number): string => `${parent(i)}/node-${i}`

const createOf = (path: string): WriteRequest => ({
  type: 'create',
  op: 1,
  path,
  data: DATA,
  acl: OPEN_ACL,
  flags: CREATE_FLAGS.PERSISTENT,
  ttlMs: 0,
})
const setOf = (i: number) => ({ type: 'setData', path: path(i), data: DATA, version: -1 }) as const

class Sink implements SessionSink {
  onReply: (errno: number) => void = () => {}
  reply(_tag: number, _request: unknown, _zxid: number, errno: number): void {
    this.onReply(errno)
  }
  event(): void {}
  ended(): void {}
}

async function openSessions(keeper: Keeper, sinks: readonly Sink[]): Promise<Session[]> {
  const opened = sinks.map((sink) => keeper.sessions.open(TIMEOUT_MS, sink, []))
  return (await Promise.all(opened)).map(({ session }) => session)
}

/** All of them, and until nothing is to be written behind. */
async function write(keeper: Keeper, count: number, request: MakeRequest): Promise<void> {
  const sinks = Array.from({ length: SESSIONS }, () => new Sink())
  const sessions = await openSessions(keeper, sinks)
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    let answered = 0
    const send = (session: Session): void => {
      if (sent < count) session.write(request(sent++), 1)
    }
    for (const [i, sink] of sinks.entries()) {
      const session = sessions[i] as Session
      sink.onReply = (errno) => {
        if (errno !== 0) reject(new Error(`a request failed: ${errno}`))
        if (++answered === count) resolve()
        send(session)
      }
    }
    for (let i = 0; i < IN_FLIGHT; i++) for (const session of sessions) send(session)
  })
  for (const session of sessions) session.write({ type: 'closeSession' }, 1)
  await keeper.committer.drain(60_000)
}

async function openAndClose(keeper: Keeper, count: number): Promise<void> {
  let left = count
  const oneByOne = async (): Promise<void> => {
    while (left-- > 0) {
      const sink = new Sink()
      const closed = new Promise<void>((resolve) => {
        sink.onReply = () => resolve()
      })
      const { session } = await keeper.sessions.open(TIMEOUT_MS, sink, [])
      session.write({ type: 'closeSession' }, 1)
      await closed
    }
  }
  await Promise.all(Array.from({ length: SESSIONS }, oneByOne))
  await keeper.committer.drain(60_000)
}

const nodes = async (keeper: Keeper): Promise<void> => {
  if (keeper.replica.tree.has('/bench')) return
  await write(keeper, 1, () => createOf('/bench'))
  await write(keeper, NODES, (i) => createOf(path(i)))
  await write(keeper, SESSIONS, (i) => createOf(parent(i)))
}
const nothing = async (): Promise<void> => {}

const writes = (about: string, count: number, request: MakeRequest): InProcessLoad => ({
  about,
  count,
  prepare: nodes,
  run: (keeper, count) => write(keeper, count, request),
  cleanUp: nothing,
})

export const IN_PROCESS_LOADS: Readonly<Record<string, InProcessLoad>> = {
  set: writes(`setData of one of ${NODES} znodes, 100 bytes`, 10_000, setOf),
  multi: writes(`multi of ${MULTI_OPERATIONS} setData`, 3_000, (i) => ({
    type: 'multi',
    ops: Array.from({ length: MULTI_OPERATIONS }, (_, k) => setOf(i + k * (NODES / 4))),
  })),
  create: {
    ...writes('create, 100 bytes', 4_000, (i) => createOf(child(i))),
    cleanUp: (keeper) =>
      write(keeper, IN_PROCESS_LOADS.create!.count, (i) => ({
        type: 'delete',
        path: child(i),
        version: -1,
      })),
  },
  sessions: {
    about: `session opened and closed, ${SESSIONS} at a time`,
    count: 1_000,
    prepare: nodes,
    run: openAndClose,
    cleanUp: nothing,
  },
}
