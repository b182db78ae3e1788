/**
 * `npm run test:attack -- [--peer file,etcd,redis,memory,zookeeper] [--only TEXT]… [--out FOLDER]`: what each attack
 * of one client costs the others. Each has a server of its own, unless it says otherwise, which is killed afterwards and
 * started again on what is stored. `--sum FOLDER,FOLDER`: no attack, but the table of what several runs left. `--program other/dist/cli.js`
 * attacks another build. Everything stays on this machine.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Attacked, attackOnce, Bystander, ENDED, type Row } from './attack-run.ts'
import type { Attack } from './attacks/attack.ts'
import { attacksOf } from './attacks/list.ts'
import { FULL, QUICK } from './attacks/sizes.ts'
import { type AttackedServer, PEERS, type Peer, peerName, startServer } from './servers.ts'
import { type Entry, line, table } from './table.ts'

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    // The same.
    store: { type: 'string' },
    only: { type: 'string', multiple: true, default: [''] },
    program: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    sum: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})

const ROWS = 'rows.jsonl'
/** Of a server that broke. */
const OUTPUT_LINES = 40
const sizes = values.quick ? QUICK : FULL
const attacks = attacksOf(sizes).filter(({ name }) =>
  values.only.some((part) => name.includes(part)),
)
const reason = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n', 1)[0] as string) : String(error)

function peersOf(text: string): Peer[] {
  return text.split(',').map((name) => {
    const peer = PEERS.find((one) => one === name)
    if (peer === undefined) throw new Error(`--peer is ${PEERS.join(', ')}, or several of them`)
    return peer
  })
}

async function rowOf(attack: Attack, server: Attacked): Promise<Row> {
  const bystander = await Bystander.start(server.port)
  try {
    return await attackOnce(attack, sizes, server, bystander)
  } finally {
    bystander.stop()
  }
}

/** Servers that the next attack finds. */
const kept = new Map<Peer, AttackedServer>()

async function measure(peer: Peer, attack: Attack): Promise<Entry> {
  const server = kept.get(peer) ?? (await startServer(peer, values.program))
  kept.delete(peer)
  const facts = () => ({
    peer: peerName(peer),
    attack: attack.name,
    ...(attack.off === undefined ? {} : { off: attack.off }),
    date: new Date().toISOString(),
    load: loadavg()[0] as number,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    node: process.version.slice(1),
  })
  try {
    const row = await rowOf(attack, server)
    if (attack.keepsServer) {
      kept.set(peer, server)
      return { ...facts(), row }
    }
    return { ...facts(), row, ...(await restarted(server)) }
  } catch (error) {
    const output = server.output.split('\n').slice(-OUTPUT_LINES)
    if (server.isRunning) return { ...facts(), broken: reason(error), output }
    return { ...facts(), broken: ENDED, output, ...(await restarted(server)) }
  } finally {
    if (kept.get(peer) !== server) await server.stop()
  }
}

async function restarted(server: AttackedServer): Promise<Partial<Entry>> {
  const startMs = performance.now()
  try {
    await server.restart()
    return { restartMs: performance.now() - startMs }
  } catch (error) {
    return { restartFailed: 'does not serve again after a restart', restartError: reason(error) }
  }
}

function sum(folders: string): string {
  const texts = folders.split(',').map((folder) => readFileSync(join(folder, ROWS), 'utf8'))
  const lines = texts.flatMap((text) => text.split('\n')).filter((text) => text !== '')
  return table(lines.map((text) => JSON.parse(text) as Entry))
}

async function run(): Promise<void> {
  const { out } = values
  if (out !== undefined) mkdirSync(out, { recursive: true })
  const peers = peersOf(values.peer ?? values.store ?? 'file')
  for (const attack of attacks) {
    // One after the other, so that what else the machine does is about the same for all.
    for (const peer of peers) {
      const entry = await measure(peer, attack)
      console.log(line(entry))
      if (out !== undefined) appendFileSync(join(out, ROWS), `${JSON.stringify(entry)}\n`)
      if (peer === 'zookeeper') continue
      if (entry.row === undefined || entry.restartFailed !== undefined) process.exitCode = 1
    }
  }
  for (const server of kept.values()) await server.stop()
}

if (values.list) for (const { name } of attacks) console.log(name)
else if (values.sum !== undefined) console.log(sum(values.sum))
else await run()
