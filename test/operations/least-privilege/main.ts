/** `npm run test:least-privilege -- [minutes, 10]`: the long run. */
import { leastPrivilegeRun } from './run.ts'

const minutes = Number(process.argv[2] ?? 10)
if (!(minutes > 0)) throw new Error('the argument is a number of minutes above 0')
const report = await leastPrivilegeRun({
  ms: minutes * 60_000,
  retention: '30s',
  quotaBytes: 2 ** 33,
  tokenTtl: 20,
  onLine: (line) => console.log(line),
})
const { acknowledged, unknown, writtenBytes, dbBytes, outages, lines } = report
const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
console.log(
  `${acknowledged} writes acknowledged in ${minutes} minutes, ${unknown} of unknown outcome: none lost, none twice, no session lost; ` +
    `${mib(writtenBytes)} of data written, etcd at most ${mib(dbBytes[0])} and ${mib(dbBytes[1])} in the two halves; ` +
    `clients were disconnected ${outages} times`,
)
for (const [line, times] of lines) console.log(`${times} × ${line}`)
