/** What the state of a client's session means for a recipe. Neighbours: wait-scope, holding, own-znode. */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'

/** How soon the clocks are looked at again while it is not known whether the session ended in a pause. Unit ms. */
const LOOK_AGAIN_MS = 100

/** The session is over, or close() ends it; a lost client may come back with another one, or with the same. */
export function isOver(client: ZooKeeper): boolean {
  return client.state === 'lost' || client.state === 'closed' || client.closing.aborted
}

/**
 * Calls `run` once, when the session is over, or may have ended by the local monotonic clock. `whileConnected`
 * false: not by the clock of a connected client, whose state shows it soon; true: also when close() is called, since
 * the server ends the session before its answer arrives. Never calls it before it has returned.
 * Returns its cancel.
 */
export function onSessionEnd(
  client: ZooKeeper,
  options: { readonly whileConnected: boolean },
  run: (error: ZnodeError) => void,
): () => void {
  let isDone = false
  const cancel = (): void => {
    isDone = true
    cancelTimer()
    cancelListener()
    client.closing.removeEventListener('abort', end)
  }
  const end = (): void => {
    if (isDone) return
    cancel()
    run(new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno))
  }
  const look = (): void => {
    const leftMs = client.sessionUntilMs - client.clock.monotonic()
    if (isDone) return
    if (leftMs > 0) cancelTimer = client.clock.after(leftMs, look)
    else if (options.whileConnected || client.state !== 'connected') end()
    else cancelTimer = client.clock.after(LOOK_AGAIN_MS, look)
  }
  const cancelListener = client.onStateChange(() => {
    if (isOver(client)) end()
  })
  if (options.whileConnected) client.closing.addEventListener('abort', end, { once: true })
  let cancelTimer = client.clock.after(0, look)
  return cancel
}

/** Settles as `done` does, and resolves at the latest when the session is over or a suspended one may have ended. */
export async function orSessionEnd(client: ZooKeeper, done: Promise<void>): Promise<void> {
  // Behind that its rejection is nobody's.
  done.catch(() => {})
  if (isOver(client)) return
  if (client.state === 'suspended' && client.sessionUntilMs <= client.clock.monotonic()) return
  let cancel: (() => void) | undefined
  const ended = new Promise<void>((resolve) => {
    cancel = onSessionEnd(client, { whileConnected: false }, () => resolve())
  })
  try {
    await Promise.race([done, ended])
  } finally {
    cancel?.()
  }
}
