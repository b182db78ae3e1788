/** etcd is stopped, and killed, right before each operation of a take-over, without logs and with them. Used by main. */
import type { EtcdServer } from '../../support/etcd-server.ts'
import { stoppedRound } from './stopped-round.ts'

/** Longer than a take-over needs on a busy machine before it is stopped. */
const LIMITS = { timeoutS: 4, commitMs: 1_000 }

/** `from`: the operation to begin with. @returns how many problems there were */
export async function stopHunt(etcd: EtcdServer, from: number): Promise<number> {
  let problems = 0
  for (const withTail of [false, true]) {
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (let at = from; ; at++) {
        const prefix = `/stop-${withTail}-${signal}-${at}`
        const round = await stoppedRound(etcd, prefix, { at, signal, withTail, ...LIMITS })
        problems += round.problems.length
        if (!round.wasReached) break
        console.log(
          `etcd: ${signal} before operation ${at}${withTail ? ' with --tail' : ''}: exit code ${round.code}, ` +
            `${round.sentence || 'done'}; then ${round.wasTaken ? 'it was taken over' : 'it is taken over'}; ` +
            `problems: ${round.problems.join(', ') || 'none'}`,
        )
      }
    }
  }
  return problems
}
