/**
 * `npm run bench -- sustained`: writes for long enough that what is put off has to be done. The rate
 * of every second counts, so that a saw or a collapse shows.
 */
import {
  bySecond,
  type Column,
  drain,
  isPair,
  ratioCell,
  sideBySide,
  withDrain,
} from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Suite } from './suite.ts'

export const sustained: Suite = {
  about: 'create, sequential and set for 30 s at a stretch: rates second by second',
  async run(context) {
    const plan = planned(context, {
      peers: ['zookeeper', 'anykeeper'],
      loads: ['create-sustained', 'sequential-sustained', 'set-sustained'],
      rounds: 3,
      seconds: 30,
      warmUp: 3,
      // What is created in that time does not fit into the default of 1,000 MiB.
      heapMib: 4_000,
      ceilings: false,
    })
    const compared = await compare(context, plan)
    const ratio: Column = {
      head: 'ratio (pair by pair)',
      cell: ({ runs: [base, ours] }) => ratioCell(ours!, base!),
    }
    return {
      text: [
        compared.head,
        'Rates of the single seconds: median (least–greatest).',
        sideBySide(compared, bySecond, isPair(compared) ? [ratio] : []),
        'Seconds until everything was written behind, after the last reply:',
        sideBySide(compared, drain),
        'Operations per second when that time is counted in:',
        sideBySide(compared, withDrain),
      ].join('\n\n'),
    }
  },
}
