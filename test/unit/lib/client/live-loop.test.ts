/** What a loop that is woken for as long as its process runs, and a wait that is, keep of each turn: nothing. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../../../index.ts'
import { LiveLoop } from '../../../../lib/client/recipes/live-loop.ts'
import { WaitScope } from '../../../../lib/client/recipes/wait-scope.ts'

const TURNS = 20_000
/** Less than a promise of each turn has. */
const BYTES_PER_TURN_MAX = 40

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

async function bytesPerTurn(run: () => Promise<void>): Promise<number> {
  await run()
  collect()
  const before = process.memoryUsage().heapUsed
  await run()
  collect()
  return (process.memoryUsage().heapUsed - before) / TURNS
}

describe('what waits for long', () => {
  let client: ZooKeeper
  before(async () => {
    client = await connect('memory:')
  })
  after(() => client.close())

  it('a LiveLoop keeps nothing of a turn', async () => {
    let turns = 0
    let target = 0
    const loop: LiveLoop = new LiveLoop(client, {
      step: async () => {
        turns += 1
        if (turns < target) queueMicrotask(loop.wake)
      },
      onRefused: () => {},
      onEnded: () => {},
    })
    const run = async (): Promise<void> => {
      target = turns + TURNS
      loop.start()
      loop.wake()
      while (turns < target) await new Promise(setImmediate)
    }
    expect(await bytesPerTurn(run)).to.be.below(BYTES_PER_TURN_MAX)
    await loop.close()
  })

  it('a WaitScope keeps nothing of what it raced', async () => {
    const scope = new WaitScope(client, '/', {})
    const run = async (): Promise<void> => {
      for (let i = 0; i < TURNS; i++) await scope.race(Promise.resolve())
    }
    expect(await bytesPerTurn(run)).to.be.below(BYTES_PER_TURN_MAX)
    scope.close()
  })

  it('a wait takes a number above 0 and an AbortSignal', () => {
    for (const timeoutMs of ['5', true, 5n, null, {}, Number.NaN, 0] as unknown as number[]) {
      expect(() => new WaitScope(client, '/', { timeoutMs })).to.throw(TypeError, 'timeoutMs')
    }
    for (const signal of [
      new AbortController(),
      null,
      { aborted: true },
    ] as unknown as AbortSignal[]) {
      expect(() => new WaitScope(client, '/', { signal })).to.throw(TypeError, 'AbortSignal')
    }
  })
})
