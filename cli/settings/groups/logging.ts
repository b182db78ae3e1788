/** Settings: what is logged. */
import { keeperBound } from '../make.ts'
import { oneOf, whole } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

export type LogFormat = 'auto' | 'json' | 'text'

/** Unit bytes. */
export const LOG_BUFFER_BYTES_MAX = 1024 * 1024

export const logLevel: Setting<string> = {
  name: 'log-level',
  value: '<level>',
  text: 'log lines of this level and above: debug, info, warn, error or silent',
  ...oneOf('debug', 'info', 'warn', 'error', 'silent'),
  default: 'info',
  reload: true,
}

export const logFormat: Setting<LogFormat> = {
  name: 'log-format',
  value: '<format>',
  text: 'log JSON lines (json) or text for people (text); auto: text on a terminal, otherwise json',
  ...oneOf('auto', 'json', 'text'),
  default: 'auto',
}

const maxLogLines = keeperBound('max-log-lines', 'logLinesPerMinuteMax', {
  value: '<n>',
  text: 'log lines of one kind in a minute, 0: no limit',
  min: 0,
})

export const maxLogBufferBytes: Setting<number> = {
  name: 'max-log-buffer-bytes',
  value: '<n>',
  text: 'log lines that wait for the reader of stdout: further ones are dropped',
  parse: whole(65_536),
  default: LOG_BUFFER_BYTES_MAX,
}

export const logging: Group = {
  title: 'Logging',
  settings: [logLevel, logFormat, maxLogLines, maxLogBufferBytes],
}
