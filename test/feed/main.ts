/** `npm run test:feed -- [--changes 1000000] [--kills 100] [--seed N] [--over wire]`: the long run. */
import { parseArgs } from 'node:util'
import { feedRun } from './feed-run.ts'

const { values } = parseArgs({
  options: {
    changes: { type: 'string' },
    kills: { type: 'string' },
    seed: { type: 'string' },
    over: { type: 'string' },
  },
})
const changes = Number(values.changes ?? 1_000_000)
const kills = Number(values.kills ?? 100)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(changes >= 1 && kills >= 0) || !Number.isSafeInteger(seed)) {
  throw new Error('--changes, --kills and --seed are numbers')
}
const over = values.over ?? 'store'
if (over !== 'store' && over !== 'wire') throw new Error('--over is store or wire')
console.log(`seed ${seed}`)
const onKill = (line: string) => console.log(line)
const report = await feedRun({ changes, kills, seed, over, onKill })
const perSecond = Math.round((report.changes / report.loadMs) * 1_000)
console.log(
  `${report.changes} changes in ${Math.round(report.loadMs / 1_000)} s (${perSecond} a second), ` +
    `${report.consumerKills} kills of the consumer and ${report.proxyKills} of proxies: ` +
    'none lost, none twice, in the order of the journal; ' +
    `${report.bytesPerChange.toFixed(1)} bytes of journal each; ` +
    `the consumer had the last one after ${Math.round(report.restMs)} ms, ` +
    `and took ${Math.round(report.rssMax / 2 ** 20)} MiB`,
)
