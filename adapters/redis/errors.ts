/**
 * Errors of Redis and of the driver → StoreError. The only place that matches message texts. The
 * outcome is `unapplied` only where the server certainly changed nothing. Neighbour: link.ts.
 */
import { StoreError, type StoreErrorCode, type StoreOutcome } from '../../lib/model/errors.ts'

type Verdict = readonly [code: StoreErrorCode, outcome: StoreOutcome]

/**
 * First match wins. Replies begin with an upper-case word; before 7.0, the word of a command within
 * a script is in the middle. Redis refuses only a script's first write, so nothing was changed.
 */
const BY_TEXT: readonly (readonly [pattern: RegExp, ...verdict: Verdict])[] = [
  [/\bOOM command not allowed\b/, 'STORE_NO_SPACE', 'unapplied'],
  [/\bMISCONF\b/, 'STORE_NO_SPACE', 'unapplied'],
  [/\bREADONLY\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/\bNOREPLICAS\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^LOADING\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^BUSY\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^MASTERDOWN\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^CLUSTERDOWN\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^ERR max number of clients reached/, 'STORE_UNAVAILABLE', 'unapplied'],
  // SCRIPT KILL ends a script only while it has written nothing.
  [/\bScript killed by user\b/, 'STORE_UNAVAILABLE', 'unapplied'],
  [/^(?:MOVED|ASK|CROSSSLOT)\b/, 'STORE_UNSUPPORTED', 'unapplied'],
  [/^(?:NOAUTH|WRONGPASS)\b/, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [/^DENIED\b/, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [/^NOPERM\b/, 'STORE_UNAUTHENTICATED', 'unapplied'],
  // Within a script, where a command before it may have written; `open` tries every command.
  [
    /\bNOPERM\b|\bACL failure in script\b|can't run this command/,
    'STORE_UNAUTHENTICATED',
    'unknown',
  ],
  [/^ERR (?:AUTH|Client sent AUTH)\b/, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [/^ERR (?:DB index|invalid DB index)\b/, 'STORE_INVALID', 'unapplied'],
  [/^ERR unknown command\b/, 'STORE_UNSUPPORTED', 'unapplied'],
  // The driver's own: the command was not sent.
  [/^Stream isn't writeable/, 'STORE_UNAVAILABLE', 'unapplied'],
]

/** Translates a command's failure, or the reason why a connection was not made. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const cause = error instanceof Error ? withoutCommand(error) : new Error(String(error))
  const [code, outcome] = verdictOn(cause)
  return new StoreError(code, `redis: ${firstLine(cause)}`, { outcome, cause })
}

/** Translates the failure to connect: nothing was sent. */
export function notConnected(error: unknown): StoreError {
  const { code, message, cause, retriable } = toStoreError(error)
  if (code === 'STORE_INTERNAL') return new StoreError('STORE_UNAVAILABLE', message, { cause })
  return new StoreError(code, message, { cause, retriable })
}

/** The script is not in this server's script cache, so it did not run. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

/** The same call may work on a new connection. */
export function isTransient(error: StoreError): boolean {
  // A log-in that was accepted once may be so again: see ../credentials.
  const isBeingChanged = error.code === 'STORE_UNAUTHENTICATED' && error.retriable
  return isBeingChanged || error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT'
}

/** The driver attaches the command, which may hold a password or data: neither belongs in logs. */
function withoutCommand(error: Error & { command?: unknown }): Error {
  delete error.command
  return error
}

function verdictOn(error: Error): Verdict {
  for (const [pattern, ...verdict] of BY_TEXT) if (pattern.test(error.message)) return verdict
  // An unknown reply may mean anything; without a reply the connection failed.
  return error.name === 'ReplyError'
    ? ['STORE_INTERNAL', 'unknown']
    : ['STORE_UNAVAILABLE', 'unknown']
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]!
}
