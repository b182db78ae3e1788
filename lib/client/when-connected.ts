/** Waits for a client, or its session, to be connected. Neighbours: client-session, protected-create, recipes. */
import type { ClientState, StateListener } from './client-options.ts'

/** What a client and its session have in common. */
export interface Connectable {
  readonly state: ClientState
  readonly isEnded: boolean
  readonly signal: AbortSignal
  /** Aborted when close() is called: no call is answered behind it. */
  readonly closing: AbortSignal
  onStateChange(listener: StateListener): () => void
}

/**
 * Resolves when the client is connected, be it with another session. false: it never will be, or close() was called and nothing is
 * sent any more.
 */
export function whenConnected(client: Connectable): Promise<boolean> {
  // Its state is connected until the server has ended the session: whoever asks again then would do so without an end.
  if (client.isEnded || client.closing.aborted) return Promise.resolve(false)
  if (client.state === 'connected') return Promise.resolve(true)
  const ends = [client.signal, client.closing]
  return new Promise((resolve) => {
    const done = (isConnected: boolean): void => {
      cancel()
      for (const end of ends) end.removeEventListener('abort', ended)
      resolve(isConnected)
    }
    const ended = (): void => done(false)
    const cancel = client.onStateChange((state) => {
      if (state === 'connected') done(true)
    })
    for (const end of ends) end.addEventListener('abort', ended, { once: true })
  })
}

/** Resolves when the state is another one than `suspended`. */
export function whenNotSuspended(client: Connectable): Promise<void> {
  if (client.state !== 'suspended') return Promise.resolve()
  return new Promise((resolve) => {
    const cancel = client.onStateChange((state) => {
      if (state === 'suspended') return
      cancel()
      resolve()
    })
  })
}
