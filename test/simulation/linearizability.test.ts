/**
 * Two ways to the same verdict: porcupine, which searches for an order, and our replay, which takes the
 * order of the zxids. Each planted lie is found by both.
 */
import { expect } from 'chai'
import { checkRegisters } from '../linearizability/registers.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { Findings } from './check/findings.ts'
import { checkHistory } from './check/laws.ts'
import { registerOps } from './check/registers.ts'
import type { Asked, Reply } from './client/history.ts'
import { type Report, simulate } from './simulate.ts'

describe('linearizability of registers', function () {
  this.timeout(60_000)

  before(function () {
    requireOrSkip(this, 'porcupine')
  })

  it('holds in runs with faults, say both', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const run = await simulate({ seed, faults: 'core' })
      expect(lawsBroken(run), `seed ${seed}`).to.deep.equal([])
      const { isLinearizable, output } = checkRegisters(registerOps(run.history))
      expect(isLinearizable, `seed ${seed}: ${output}`).to.equal(true)
    }
  })

  it('is broken by a planted stale read, say both', async () => {
    const run = await simulate({ seed: 1, faults: 'none' })
    const [read, older] = staleRead(run.history.asked)
    const { behindSync } = read
    // The whole answer of an earlier time, its sync's zxid as well: a replica that was behind.
    read.reply = { ...(read.reply as Reply), zxid: older.zxid, record: older.record }
    if (behindSync?.reply !== undefined) {
      behindSync.reply = { ...behindSync.reply, zxid: older.zxid }
    }
    expect(lawsBroken(run)).to.include('sync reaches what was committed')
    expect(checkRegisters(registerOps(run.history)).isLinearizable).to.equal(false)
  })

  it('is broken by a planted lost update, say both', async () => {
    const run = await simulate({ seed: 1, faults: 'none' })
    const refused = run.history.asked.find(
      ({ request, reply }) =>
        request.type === 'set' && request.path.startsWith('/r/') && reply?.err === -103,
    ) as Asked
    // It was refused for its version, and is told that it was done: the other update is lost.
    const version = refused.request.type === 'set' ? refused.request.version + 1 : 0
    const { stat } = someRead(run.history.asked)
    refused.reply = {
      ...(refused.reply as Reply),
      err: 0,
      record: { ...(stat === undefined ? {} : { stat: { ...stat, version } }) },
    }
    expect(lawsBroken(run)).to.include('writes as the model has them')
    expect(checkRegisters(registerOps(run.history)).isLinearizable).to.equal(false)
  })
})

function lawsBroken({ entries, history, healedMs, endMs }: Report): string[] {
  const findings = new Findings()
  const times = { healedMs, endMs, revokedMs: [] }
  checkHistory({ entries, history, times, loneStarts: [] }, findings)
  return [...new Set(findings.violations.map(({ law }) => law))]
}

function isSynced(asked: Asked): boolean {
  const { request, reply, behindSync } = asked
  return (
    request.type === 'get' &&
    request.path.startsWith('/r/') &&
    reply?.err === 0 &&
    behindSync?.reply?.err === 0
  )
}

/** A read behind a sync, and what another read of the same register had been answered before. */
function staleRead(asked: readonly Asked[]): [Asked, Reply] {
  for (const read of asked.filter(isSynced)) {
    const { request, reply, behindSync } = read
    if (request.type !== 'get' || reply === undefined || behindSync === undefined) continue
    const older = asked.find(
      (other) =>
        isSynced(other) &&
        other.request.type === 'get' &&
        other.request.path === request.path &&
        (other.reply?.record.stat?.version ?? 0) < (reply.record.stat?.version ?? 0) &&
        wasOverwritten(asked, request.path, other.reply as Reply, behindSync.callMs),
    )
    if (older?.reply !== undefined) return [read, older.reply]
  }
  throw new Error('no such read in this run')
}

/** A newer value of the register was acknowledged before `beforeMs`. */
function wasOverwritten(
  asked: readonly Asked[],
  path: string,
  older: Reply,
  beforeMs: number,
): boolean {
  return asked.some(
    ({ request, reply }) =>
      request.type === 'set' &&
      request.path === path &&
      reply?.err === 0 &&
      reply.atMs < beforeMs &&
      (reply.record.stat?.version ?? 0) > (older.record.stat?.version ?? 0),
  )
}

function someRead(asked: readonly Asked[]): Reply['record'] {
  const { reply } = asked.find(isSynced) as Asked
  return (reply as Reply).record
}
