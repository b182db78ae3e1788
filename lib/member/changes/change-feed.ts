/**
 * Opens a change feed: the door where its options are checked. Neighbours: keeper (its method), change-reader.
 */
import { checkNames, optionNames } from '../../base/known-options.ts'
import type { ChangeRecord, ChangesOptions } from '../../model/change.ts'
import { isValidPath } from '../../model/path.ts'
import type { ChangeLog } from './change-log.ts'
import { ChangeReader } from './change-reader.ts'
import { parsePosition } from './position.ts'
import type { Wanted } from './to-change.ts'

const NAMES = optionNames<ChangesOptions>({
  from: true,
  prefix: true,
  withoutData: true,
  withSessions: true,
  signal: true,
})

/** @throws {TypeError} an option is not valid, or not known */
export function openChanges(
  log: ChangeLog,
  options: ChangesOptions,
): AsyncIterableIterator<ChangeRecord> {
  checkNames(options, NAMES)
  const { from, prefix = '/', withoutData = false, withSessions = false, signal } = options
  if (!isValidPath(prefix)) throw new TypeError(`prefix must be a path, got "${prefix}"`)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal')
  }
  const position = from === undefined ? undefined : parsePosition(from)
  if (from !== undefined && position === undefined) {
    throw new TypeError(`from must be the position of a record, got "${from}"`)
  }
  const wanted: Wanted = {
    prefix: prefix === '/' ? undefined : prefix,
    withData: !withoutData,
    withSessions,
  }
  return new ChangeReader(log, wanted, position, signal).records()
}
