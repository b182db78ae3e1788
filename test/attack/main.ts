/**
 * `npm run test:attack -- [--store file|memory|etcd|redis] [--only TEXT] [--program other/dist/cli.js]`: what each
 * attack of one client costs the others, as a table. Everything stays on this machine.
 */
import { parseArgs } from 'node:util'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { attackOnce, Bystander, HEADER, line } from './attack-run.ts'
import { ATTACKS } from './attacks.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'file' },
    only: { type: 'string', default: '' },
    program: { type: 'string' },
  },
})

interface Store {
  readonly url: string
  stop(): Promise<unknown>
}

async function startStore(name: string): Promise<Store> {
  if (name === 'memory') return { url: 'memory:', stop: async () => {} }
  if (name === 'redis') return startRedis({ appendOnly: true, appendFsync: 'always' })
  if (name === 'etcd') {
    const etcd = await startEtcd()
    return { url: `etcd://127.0.0.1:${etcd.port}`, stop: () => etcd.stop() }
  }
  if (name !== 'file') throw new Error('--store is file, memory, etcd or redis')
  const folder = temporaryFolder('attack')
  return { url: `file:${folder}`, stop: async () => removeFolder(folder) }
}

const store = await startStore(values.store)
const proxy = new AnykeeperProcess(await freePort(), {
  store: store.url,
  args: ['--log-level', 'error', '--four-letter-words', '*'],
  ...(values.program === undefined ? {} : { program: values.program }),
})
let failed = 0
let isRunning = false
console.log(
  `store ${values.store}; times in ms, those of a bystander that reads and writes\n\n${HEADER}`,
)
for (const attack of ATTACKS.filter(({ name }) => name.includes(values.only))) {
  try {
    if (!isRunning) await proxy.start()
    isRunning = true
    const bystander = await Bystander.start(proxy.port)
    try {
      console.log(
        line(await attackOnce(attack, { port: proxy.port, pid: proxy.child.pid }, bystander)),
      )
    } finally {
      bystander.stop()
    }
  } catch (error) {
    failed++
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    console.log(`| ${attack.name} | **${reason}** | | | | | | | |`)
    await proxy.kill()
    isRunning = false
  }
}
await proxy.kill()
await proxy.start()
console.log('\nstarted again on what is stored')
await proxy.stop()
await store.stop()
process.exitCode = failed > 0 ? 1 : 0
