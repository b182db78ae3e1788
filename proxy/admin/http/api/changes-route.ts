/**
 * GET /api/v1/changes: the change feed as lines of JSON or, for those that accept text/event-stream, as server-sent events whose id
 * is the position. It is read no faster than the client takes it. Neighbour: keeper.changes().
 */
import {
  type ChangeRecord,
  ChangesError,
  type ChangesOptions,
  reasonOf,
  showPosition,
} from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import type { Slots } from '../slots.ts'
import { isOn, onlyKnown, pathOf } from './parameters.ts'
import { shownChange } from './shown.ts'

/** How often an open feed's credentials are checked again: they may have been replaced meanwhile. Unit ms. */
const CHECK_MS = 1_000

/** `check`: throws where its credentials are none any more. */
export async function answerChanges(
  host: ProxyHost,
  call: Call,
  slots: Slots,
  check: (call: Call) => void,
): Promise<void> {
  const isEvents = (call.header('accept') ?? '').includes('text/event-stream')
  const stop = new AbortController()
  const options = optionsOf(host, call, stop.signal)
  const type = isEvents ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson'
  if (call.request.method === 'HEAD') return call.send(200, type, '')
  slots.take()
  const { response } = call
  response.on('close', () => stop.abort())
  let records: AsyncIterator<ChangeRecord> | undefined
  let checkedMs = host.keeper.clock.monotonic()
  try {
    records = openFeed(host, options)
    // What cannot be resumed is answered with a status: the first record decides.
    const first = await records.next()
    call.begin(200, type)
    for (let next = first; next.done !== true; next = await records.next()) {
      const nowMs = host.keeper.clock.monotonic()
      if (nowMs - checkedMs >= CHECK_MS) {
        checkedMs = nowMs
        check(call)
      }
      const piece = isEvents ? eventOf(next.value) : `${shownChange(next.value)}\n`
      if (!response.write(piece)) await drained(call)
      if (stop.signal.aborted) break
    }
    response.end()
  } catch (error) {
    fail(call, error, isEvents)
  } finally {
    slots.release()
    await records?.return?.()
  }
}

/** `from=now`: without a snapshot, what is committed from here on. */
function optionsOf({ keeper }: ProxyHost, call: Call, signal: AbortSignal): ChangesOptions {
  const { query } = call
  onlyKnown(query, ['from', 'prefix', 'withoutData', 'withSessions'])
  const given = query.get('from') ?? call.header('last-event-id')
  const from = given === 'now' ? showPosition(keeper.changeLog.end) : given
  return {
    ...(from === undefined ? {} : { from }),
    prefix: pathOf(query, 'prefix'),
    withoutData: isOn(query, 'withoutData'),
    withSessions: isOn(query, 'withSessions'),
    signal,
  }
}

function openFeed({ keeper }: ProxyHost, options: ChangesOptions): AsyncIterator<ChangeRecord> {
  try {
    return keeper.changes(options)[Symbol.asyncIterator]()
  } catch (error) {
    if (error instanceof TypeError) throw new HttpError(400, `${error.message}.`)
    throw error
  }
}

function eventOf(record: ChangeRecord): string {
  const id = 'position' in record ? `id: ${record.position}\n` : ''
  return `${id}event: ${record.kind}\ndata: ${shownChange(record)}\n\n`
}

/** Resolves when the client took what was sent, or is gone. */
function drained({ response }: Call): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}

function fail(call: Call, error: unknown, isEvents: boolean): void {
  const { response } = call
  if (response.destroyed) return
  const isGone = error instanceof ChangesError
  if (!response.headersSent) {
    throw isGone ? new HttpError(410, `${error.message}.`) : error
  }
  // The status is sent: the last line says why it ends, and where it can be resumed.
  const message = reasonOf(error)
  const last = JSON.stringify({
    kind: 'error',
    error: message,
    code: isGone ? error.code : undefined,
  })
  response.end(isEvents ? `event: error\ndata: ${last}\n\n` : `${last}\n`)
}
