/** Opens a port. Neighbour: server. */
import type { Server } from 'node:net'

/**
 * Resolves to the port, when clients are accepted. `onAcceptFailed`: an accept that failed later, such as for lack of file
 * descriptors. @throws the port is not available
 */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  onAcceptFailed: (error: Error) => void,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 511 }, () => {
      server.off('error', reject)
      server.on('error', onAcceptFailed)
      resolve()
    })
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
