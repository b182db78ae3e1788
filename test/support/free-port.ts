/** Ports for the servers that tests start. */
import { createServer, type Server } from 'node:net'

/**
 * Below the range the kernel takes the near ends of outgoing connections from (32768 and up on
 * Linux): a port found free stays free until the server that it is for listens on it.
 */
const portMin = 20_000
const portMax = 32_000
/**
 * A process takes its ports from blocks that no other process has. Some are listened on much later: a member of an ensemble
 * listens on its quorum port when it leads, and one that cannot keeps all of them without a leader.
 */
const blockPorts = 50
const attemptsMax = 200
let next = 0
let end = 0
let taking: Promise<void> | undefined

/** A TCP port free on 127.0.0.1, never given twice by this process, nor by another one while this one lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (next === end) {
      taking ??= takeBlock().finally(() => {
        taking = undefined
      })
      await taking
      continue
    }
    const port = next++
    if (await canListen(port)) return port
  }
}

/** As many different ones. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

/** Whoever listens on the first port of a block has the others, until the process ends. */
async function takeBlock(): Promise<void> {
  const blocks = (portMax - portMin) / blockPorts
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const first = portMin + Math.floor(Math.random() * blocks) * blockPorts
    const holder = await listen(first)
    if (holder === undefined) continue
    holder.unref()
    next = first + 1
    end = first + blockPorts
    return
  }
  throw new Error(`no free ports after ${attemptsMax} attempts`)
}

async function canListen(port: number): Promise<boolean> {
  const server = await listen(port)
  if (server === undefined) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

/** On every address, not only loopback: some servers insist on the wildcard. undefined: somebody else does. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen({ port, exclusive: true }, () => resolve(server))
  })
}
