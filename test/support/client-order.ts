/**
 * What a client must see, whatever it and others send: replies in the order of its requests, zxids that do not go back, and the event of a watch before
 * any reply that shows the change. Neighbours: recorded-client, client-order.test.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type ClientOp,
  createOp,
  EVENT,
  OPEN_ACL,
  type Stat,
  type ZooKeeper,
} from '../../lib/index.ts'
import type { Recorded } from './recorded-client.ts'

/** Few, so that clients meet; one is another's parent. */
const PATHS = ['/o/a', '/o/a/b', '/o/c'] as const
const PARENT = '/o'

export interface Step {
  /** Which client. */
  readonly who: number
  readonly verb: keyof typeof VERBS
  readonly path: (typeof PATHS)[number]
  /** Reads set a watch. */
  readonly watch: boolean
  /** What was sent is answered before the next step. */
  readonly rests: boolean
}

type Verb = (client: ZooKeeper, path: string, watch: (() => void) | undefined) => Promise<unknown>

const op = (path: string): ClientOp => ({
  type: 'setData',
  path,
  data: Buffer.from('m'),
  version: -1,
})

const VERBS = {
  create: (client, path) => client.create(path),
  sequential: (client, path) => client.create(`${path}-`, null, { mode: 'ephemeral-sequential' }),
  delete: (client, path) => client.delete(path),
  setData: (client, path) => client.setData(path, Buffer.from('x')),
  setAcl: (client, path) => client.setAcl(path, OPEN_ACL),
  multi: (client, path) => client.multi([op(PARENT), createOp(path, null)]),
  getData: (client, path, watch) => client.getData(path, watch),
  exists: (client, path, watch) => client.exists(path, watch),
  getChildren: (client, path, watch) => client.getChildren(path, watch),
  getParent: (client, _path, watch) => client.getChildren(PARENT, watch),
  getAcl: (client, path) => client.getAcl(path),
  getEphemerals: (client) => client.getEphemerals(),
  getAllChildrenNumber: (client, path) => client.getAllChildrenNumber(path),
  multiRead: (client, path) =>
    client.multiRead([
      { type: 'getData', path },
      { type: 'getChildren', path: PARENT },
    ]),
  addWatch: (client, path, watch) => client.addWatch(path, watch ?? (() => {})),
  sync: (client) => client.sync(),
} as const satisfies Readonly<Record<string, Verb>>

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    who: fc.nat(1),
    verb: fc.constantFrom(...(Object.keys(VERBS) as (keyof typeof VERBS)[])),
    path: fc.constantFrom(...PATHS),
    watch: fc.boolean(),
    rests: fc.nat(3).map((n) => n === 0),
  }),
  { minLength: 5, maxLength: 60 },
)

/** The turn of the event loop: replies that arrive together have the same. */
class Turns {
  #turn = 0
  #isCounting = false

  get now(): number {
    if (!this.#isCounting) {
      this.#isCounting = true
      setImmediate(() => {
        this.#isCounting = false
        this.#turn++
      })
    }
    return this.#turn
  }
}

/**
 * Plays them, each client's without waiting for its replies but where a step rests. Returns the turns of the event loop in which its calls
 * settled, by client, in the order of the calls.
 */
export async function play(
  clients: readonly ZooKeeper[],
  all: readonly Step[],
): Promise<readonly number[][]> {
  const turns = new Turns()
  const settled: number[][] = clients.map(() => [])
  let pending: Promise<unknown>[] = []
  for (const { who, verb, path, watch, rests } of all) {
    const client = clients[who] as ZooKeeper
    const mine = settled[who] as number[]
    const place = mine.push(Number.NaN) - 1
    const done = (): void => {
      mine[place] = turns.now
    }
    pending.push(VERBS[verb](client, path, watch ? () => {} : undefined).then(done, done))
    if (!rests) continue
    await Promise.all(pending)
    pending = []
  }
  await Promise.all(pending)
  return settled
}

/** What is armed at a path: what its read showed. */
interface Armed {
  /** mzxid; 0: there was none. */
  readonly data?: number
  /** pzxid. */
  readonly child?: number
}

/** @throws an order that must not be */
export function checkOrder(log: readonly Recorded[]): void {
  const requests = new Map<number, Extract<Recorded, { what: 'sent' }>['request']>()
  const waiting: number[] = []
  const armed = new Map<string, Armed>()
  let zxid = 0
  for (const one of log) {
    if (one.what === 'sent') {
      requests.set(one.tag, one.request)
      waiting.push(one.tag)
    } else if (one.what === 'event') {
      const { type, path } = one
      // It is of a change that no reply has shown yet.
      if (one.zxid > 0) expect(one.zxid, `event ${type} of ${path}`).to.be.greaterThan(zxid)
      const { data, child } = armed.get(path) ?? {}
      const isGone = type === EVENT.NodeDeleted
      const isOfChildren = type === EVENT.NodeChildrenChanged
      armed.set(path, {
        ...(isOfChildren && data !== undefined && { data }),
        ...(!isOfChildren && !isGone && child !== undefined && { child }),
      })
    } else {
      expect(one.tag, 'replies in the order of requests').to.equal(waiting.shift())
      expect(one.zxid, 'a reply’s zxid').to.be.at.least(zxid)
      zxid = one.zxid
      const request = requests.get(one.tag) as { type: string; path?: string; watch?: boolean }
      if (one.errno !== 0 && request.type !== 'exists') continue
      for (const [path, stat] of shownBy(request, one.result)) check(path, stat, armed.get(path))
      arm(request, one, armed)
    }
  }
  expect(waiting, 'requests without a reply').to.deep.equal([])
}

/** Paths that a reply shows, and their Stats; undefined: there is none. */
function shownBy(
  { type, path }: { type: string; path?: string },
  result: Extract<Recorded, { what: 'reply' }>['result'],
): [string, Stat | undefined][] {
  if (path === undefined) return []
  if (type === 'exists') return [[path, result.type === 'stat' ? result.stat : undefined]]
  return 'stat' in result && result.type !== 'pathStat' ? [[path, result.stat]] : []
}

/** Nothing that is watched was shown changed. */
function check(path: string, stat: Stat | undefined, { data, child }: Armed = {}): void {
  if (data !== undefined) expect(stat?.mzxid ?? 0, `the data of ${path}, watched`).to.equal(data)
  if (child !== undefined && stat !== undefined) {
    expect(stat.pzxid, `the children of ${path}, watched`).to.equal(child)
  }
}

function arm(
  { type, path, watch }: { type: string; path?: string; watch?: boolean },
  { result }: Extract<Recorded, { what: 'reply' }>,
  armed: Map<string, Armed>,
): void {
  if (watch !== true || path === undefined) return
  const before = armed.get(path)
  const stat = 'stat' in result ? result.stat : undefined
  if (type === 'exists' || type === 'getData') {
    armed.set(path, { ...before, data: before?.data ?? stat?.mzxid ?? 0 })
  } else if (stat !== undefined) {
    armed.set(path, { ...before, child: before?.child ?? stat.pzxid })
  }
}
