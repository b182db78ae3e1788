/** One run of a load in a process of its own. Neighbours: load/worker (that process), suites. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, Timing } from './load/recorder.ts'
import type { Order } from './load/worker.ts'
import { nullPeer } from './peers/null.ts'
import type { Peer } from './peers/peer.ts'

const WORKER = fileURLToPath(new URL('load/worker.ts', import.meta.url))

export interface Job {
  readonly load: string
  readonly timing: Timing
  /** One client, one request at a time. */
  readonly alone?: boolean
}

type UnderLoad = Pick<Peer, 'targets' | 'processes' | 'hasTree'>

export async function measure({ load, timing, alone }: Job, peer: UnderLoad): Promise<Measured> {
  const order: Order = {
    ...timing,
    load,
    ...(alone === undefined ? {} : { alone }),
    targets: peer.targets,
    pids: peer.processes,
    withTree: peer.hasTree,
  }
  return JSON.parse(await runWorker(WORKER, order)) as Measured
}

/** What it printed. Its errors go to this process's own. */
export function runWorker(program: string, order: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['--import', 'tsx', program, JSON.stringify(order)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const endWithThis = () => child.kill('SIGKILL')
    process.once('exit', endWithThis)
    let output = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text) => {
      output += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.removeListener('exit', endWithThis)
      if (code === 0) resolve(output)
      else reject(new Error(`the load ended with ${code ?? signal}: ${JSON.stringify(order)}`))
    })
  })
}

/** What the load reaches against a server that does nothing. */
export async function ceiling(job: Job): Promise<Measured> {
  const peer = await nullPeer(job.load)
  try {
    return await measure(job, peer)
  } finally {
    await peer.stop()
  }
}
