/** One run of a load in a process of its own. Neighbours: load/worker (that process), suites. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, Timing } from './load/recorder.ts'
import type { Order } from './load/worker.ts'
import { nullPeer } from './peers/null.ts'
import type { Peer } from './peers/peer.ts'

export interface Job {
  readonly load: string
  readonly timing: Timing
  /** One client, one request at a time. */
  readonly alone?: boolean
  /** etcd's history of it is compacted at its end: a walk through every key, so only where those are few. */
  readonly compacts?: boolean
}

type UnderLoad = Pick<Peer, 'targets' | 'processes' | 'hasTree' | 'etcd'>

export async function measure(
  { load, timing, alone, compacts }: Job,
  peer: UnderLoad,
): Promise<Measured> {
  const order: Order = {
    ...timing,
    load,
    ...(alone === undefined ? {} : { alone }),
    targets: peer.targets,
    pids: peer.processes,
    withTree: peer.hasTree,
    ...(peer.etcd === undefined || !compacts ? {} : { etcd: peer.etcd }),
  }
  return JSON.parse(await runProgram('load/worker.ts', order)) as Measured
}

/** One of this folder, with its order as argument. @returns what it printed. */
export function runProgram(file: string, order: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL(file, import.meta.url))
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
      else reject(new Error(`${file} ended with ${code ?? signal}: ${args.at(-1)}`))
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
