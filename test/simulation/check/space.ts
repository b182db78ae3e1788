/**
 * A full store refuses writes, nothing else, and only while it is full. That the log lacks them says replay.
 */
import { type Asked, type History, isAskedWrite, isOutOfSpace } from '../client/history.ts'
import type { Cluster } from '../store/cluster.ts'
import type { Findings } from './findings.ts'
import { name } from './replay.ts'

export function checkSpace(
  { asked }: History,
  { fullSpans }: Pick<Cluster, 'fullSpans'>,
  findings: Findings,
): void {
  for (const one of asked) {
    if (!isOutOfSpace(one) || (isAskedWrite(one) && fullSpans.some((span) => meets(one, span)))) {
      continue
    }
    findings.add('refused for want of space only while there is none', name(one))
  }
}

function meets({ callMs, reply }: Asked, span: Cluster['fullSpans'][number]): boolean {
  return span.fromMs <= (reply?.atMs ?? 0) && span.untilMs >= callMs
}
