/** `npm run bench`: the loads that have goals, anykeeper on etcd beside ZooKeeper. */
import { barChart } from '../report/bar-chart.ts'
import { GOALS, verdict } from '../report/goals.ts'
import type { Compared } from '../report/series.ts'
import { median, ratios } from '../report/statistics.ts'
import { isPair, peerTables } from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Chart, Suite } from './suite.ts'

export function ratioChart({ series, names }: Compared): Chart {
  const rounds = series[0]?.runs[0]?.length ?? 0
  const bars = series.map(({ load, runs }) => {
    const [base, ours] = runs
    const all = ratios(ours!, base!)
    return {
      label: load,
      value: median(all),
      least: Math.min(...all),
      greatest: Math.max(...all),
      goal: verdict(load, ours!, base!)?.goal,
    }
  })
  const title = `Operations per second: ${names[1]} ÷ ${names[0]}`
  const note = `median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; thin line: least and greatest; upright mark: goal`
  return { file: 'bench.svg', svg: barChart({ title, note, bars }) }
}

export const loads: Suite = {
  about: 'the loads that have goals: anykeeper on etcd beside ZooKeeper',
  async run(context) {
    const plan = planned(context, {
      peers: ['zookeeper', 'anykeeper'],
      loads: Object.keys(GOALS),
      rounds: 5,
      seconds: 4,
      warmUp: 1.5,
      ceilings: true,
    })
    const compared = await compare(context, plan)
    const text = `${compared.head}\n\n${peerTables(compared, true)}`
    return { text, charts: isPair(compared) ? [ratioChart(compared)] : [] }
  },
}
