/**
 * `npm run test:move-hunt -- [--rounds 10] [--seed N] [--served | --tail] [--line 3.9]`: all clients there and back, again and again,
 * without losing anything. `--served`: there by proxies that serve while the ensemble leads, and nobody is disconnected at the
 * take-over. `--tail`: the follower is killed before the ensemble, and the rest comes from the logs of the servers.
 */
import { parseArgs } from 'node:util'
import { missing, type ZookeeperLine, zookeeperRequirement } from '../../support/requirements.ts'
import { type MoveFigures, MoveRun, type ServedFigures } from './move-run.ts'
import { SESSION_MS } from './moved-client.ts'
import { expectFirst, expectKept, expectReleased } from './nothing-lost.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    served: { type: 'boolean', default: false },
    tail: { type: 'boolean', default: false },
    line: { type: 'string', default: '3.9' },
  },
})
const rounds = Number(values.rounds ?? 10)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(rounds >= 1) || !Number.isSafeInteger(seed)) {
  throw new Error('--rounds and --seed are numbers')
}

const shownMove = ({ pauseMs, replies }: MoveFigures): string =>
  `${Math.round(pauseMs)} ms without a server, ${replies} replies to the load before`
const shownServed = ({ takeOverMs, reconnects, replies }: ServedFigures): string =>
  `take-over ${Math.round(takeOverMs)} ms, ${reconnects} connections lost, ${replies} replies to the load`

/** Without a server for so long, clients of the library may count their sessions as ended. Unit: ms. */
const CLOCK_MS = (SESSION_MS * 2) / 3
const tooLong = (ms: number, cause: unknown): Error =>
  new Error(
    `${Math.round(ms)} ms without a server are more than two thirds of a session of ${SESSION_MS} ms: by its own clock a client may have ` +
      'lost it, and this proves nothing. Run it on a machine with less to do',
    { cause },
  )

console.log(`seed ${seed}`)
const version = values.line as ZookeeperLine
const lack = zookeeperRequirement[version] && missing(zookeeperRequirement[version])
if (lack !== undefined) throw new Error(lack || `--line: ${version} is not known`)
const run = await MoveRun.start({ seed, version })
try {
  const first = await run.picture()
  expectFirst(first)
  let turns = 0
  // Of the moves since the picture before.
  let pauseMs = 0
  const kept = async (): Promise<void> => {
    const now = await run.picture()
    try {
      expectKept(first, now, ++turns)
    } catch (error) {
      throw pauseMs > CLOCK_MS ? tooLong(pauseMs, error) : error
    }
    pauseMs = 0
  }
  const moved = (figures: MoveFigures): string => {
    pauseMs = figures.pauseMs
    const note = pauseMs > CLOCK_MS ? `, more than two thirds of a session` : ''
    return shownMove(figures) + note
  }
  for (let round = 1; round <= rounds; round++) {
    if (values.served) {
      const served = await run.thereServed(kept)
      console.log(`round ${round}, there: ${shownServed(served)}`)
      if (served.reconnects > 0) throw new Error('the take-over disconnected clients')
    } else
      console.log(`round ${round}, there: ${moved(await run.there({ withTail: values.tail }))}`)
    await kept()
    console.log(`round ${round}, back: ${moved(await run.back())}`)
    await kept()
  }
  expectReleased(await run.release())
  console.log(`nothing lost in ${turns} pictures`)
} catch (error) {
  console.log(run.output)
  throw error
} finally {
  await run.stop()
}
