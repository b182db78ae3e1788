/**
 * The log of a process: JSON lines, or text for people. It is written in the background: a reader that stops, or has ended, holds up
 * nothing. Neighbours: text-log, settings/groups/logging.
 */
import { type Logger, pino } from 'pino'
import { LineWriter, systemClock } from '../lib/internal.ts'
import { sayNow } from './cut-short.ts'
import { LOG_BUFFER_BYTES_MAX, type LogFormat } from './settings/groups/logging.ts'
import { asText } from './text-log.ts'

const STDOUT = 1

/** Lines of the log of this process that are lost: stdout did not take them. */
export const logCounters = { dropped: 0 }

/**
 * On stdout. auto: text where that is a terminal. Its level may be changed later.
 * @param bufferBytesMax of lines that wait to be written; further ones are dropped
 */
export function openLog(
  level: string,
  format: LogFormat,
  bufferBytesMax = LOG_BUFFER_BYTES_MAX,
): Logger {
  const isText = format === 'text' || (format === 'auto' && process.stdout.isTTY)
  let isFailing = false
  let droppedNow = 0
  const out = new LineWriter({
    ...{ fd: STDOUT, bufferBytesMax, clock: systemClock },
    events: {
      failed: ({ message }) => {
        // The log itself cannot say it.
        if (!isFailing) sayNow(`error: the log cannot be written to stdout: ${message}`)
        isFailing = true
      },
      wrote: () => {
        isFailing = false
        if (droppedNow === 0) return
        const dropped = droppedNow
        droppedNow = 0
        logger.warn({ dropped }, 'lines of this log were dropped: stdout did not take them')
      },
      dropped: (lines) => {
        droppedNow += lines
        logCounters.dropped += lines
      },
    },
  })
  process.on('exit', () => out.writeLast())
  const logger = pino(
    { level },
    { write: (line: string) => void out.write(isText ? asText(line) : line) },
  )
  return logger
}

/** As text, written before the call returns: in step with what else a short command prints. */
export function openOrderedLog(level: string): Logger {
  const out = pino.destination({ dest: STDOUT, sync: true })
  return pino({ level }, { write: (line: string) => out.write(asText(line)) })
}
