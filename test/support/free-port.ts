/** Ports for the servers that tests start. */
import { createServer } from 'node:net'

/**
 * Below the range the kernel takes the near ends of outgoing connections from (32768 and up on
 * Linux): a port found free stays free until the server that it is for listens on it.
 */
const portMin = 20_000
const portMax = 32_000
const attemptsMax = 200
const handedOut = new Set<number>()

/** A TCP port free on 127.0.0.1, never given twice by this process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin))
    if (handedOut.has(port)) continue
    if (await canListen(port)) {
      handedOut.add(port)
      return port
    }
  }
  throw new Error(`no free port after ${attemptsMax} attempts`)
}

/** As many different ones. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

/** Every address, not only loopback: some servers insist on the wildcard. */
function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
