/** The server that does nothing, as a peer: what the load reaches there is its own ceiling. */
import { fileURLToPath } from 'node:url'
import { spawnChild } from '../../test/support/child.ts'
import { freePort } from '../../test/support/free-port.ts'
import { findLoad } from '../load/loads.ts'
import type { Answers } from '../load/null-server.ts'
import type { Peer } from './peer.ts'

const PROGRAM = fileURLToPath(new URL('../load/null-server.ts', import.meta.url))

/** Answers that load with replies as large as real ones. */
export async function nullPeer(loadName: string): Promise<Peer> {
  const load = findLoad(loadName)
  const answers: Answers = { replies: load.replies, watches: load.kind === 'watches' }
  const port = await freePort()
  const child = spawnChild({
    name: 'null server',
    command: process.execPath,
    args: ['--import', 'tsx', PROGRAM, String(port), JSON.stringify(answers)],
  })
  await child.waitForLine(/ready/)
  return {
    name: 'null server',
    version: '',
    targets: [{ host: '127.0.0.1', port }],
    processes: { null: child.pid },
    hasTree: false,
    async stop() {
      await child.stop()
    },
  }
}
