/** The log of a process: JSON lines, or text for people. Neighbours: text-log, settings/groups/logging. */
import { type Logger, pino } from 'pino'
import { asText } from './text-log.ts'

export type LogFormat = 'auto' | 'json' | 'text'

/** On stdout. auto: text where that is a terminal. Its level may be changed later. */
export function openLog(level: string, format: LogFormat): Logger {
  const isText = format === 'text' || (format === 'auto' && process.stdout.isTTY)
  if (!isText) return pino({ level })
  const out = pino.destination({ dest: 1, sync: true })
  return pino({ level }, { write: (line: string) => out.write(asText(line)) })
}
