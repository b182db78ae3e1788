/**
 * Ends a node-zookeeper-client for good. Its own close(), called while it is reconnecting, is
 * forgotten once the connection stands: it would live on, and keep the test process from ending.
 */

/** The parts of the client that are not in its types. */
interface Internals {
  connectionManager?: {
    connect(): void
    socket?: { destroyed: boolean; destroy(): void }
  }
}

const SWEEP_MS = 1_000

export function endClient(client: { close(): void }): void {
  client.close()
  const manager = (client as Internals).connectionManager
  if (manager === undefined) return
  manager.connect = () => {}
  // A close that was heard has ended the socket long before; one that was not never does.
  const sweep = setInterval(() => {
    if (manager.socket?.destroyed === false) manager.socket.destroy()
  }, SWEEP_MS)
  sweep.unref()
}
