/** The known traps of a migration to KRaft, each a question to the facts. Line: state → here → report. */
import type { Examined, KafkaFinding } from './finding.ts'
import { clusterQuestions } from './traps-cluster.ts'
import { migrationQuestions } from './traps-migration.ts'

/** Traps before notes. */
export function findingsOf(examined: Examined): KafkaFinding[] {
  const questions = [...migrationQuestions, ...clusterQuestions]
  const found = questions.flatMap((question) => question(examined) ?? [])
  return found.sort((a, b) => Number(b.kind === 'trap') - Number(a.kind === 'trap'))
}
