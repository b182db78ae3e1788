/**
 * A test bed: one Kafka broker in ZooKeeper mode on a proxy in this process. It waits until the broker is registered, creates a
 * topic, waits for its leader, and ends all. Arguments: the home of a Kafka up to 3.9 (the folder of its libs/), and a topic. With
 * ANYKEEPER_PROXY=host:port the broker uses that proxy, and none is started here.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createOrSet, Keeper, mkdirp, ZnodeError } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'
import { ProxyServer } from 'anykeeper/proxy'

const BROKER = '/brokers/ids/1'
const WAIT_MS = 120_000
const [home, topic = 'hello'] = process.argv.slice(2)
if (home === undefined) throw new Error('the first argument must be the home of a Kafka')

/** Called in the opposite order. */
const ends: (() => Promise<unknown>)[] = []
try {
  const address = process.env.ANYKEEPER_PROXY ?? (await startProxy())
  const zk = await connect(`zk://${address}`, {
    renew: true,
    retryMs: WAIT_MS,
    onState: (state) => console.log(`session ${state}`),
  })
  ends.push(() => zk.close())

  // One that was killed is registered until its session ends, and a broker does not wait for that.
  await until(`the end of ${BROKER}`, async () => (await zk.exists(BROKER)) === undefined)
  console.log('starting')
  await startBroker(home, address)
  await until(BROKER, async () => (await zk.exists(BROKER)) !== undefined)
  console.log(`registered: ${(await zk.getChildren('/brokers/ids')).children}`)

  // What Kafka's own tools wrote before they sent it to a broker; it may be written again.
  const plan = { version: 2, partitions: { 0: [1] }, adding_replicas: {}, removing_replicas: {} }
  await until('a topic', async () => {
    await mkdirp(zk, '/brokers/topics')
    await createOrSet(zk, `/brokers/topics/${topic}`, Buffer.from(JSON.stringify(plan)))
    return true
  })
  await until('a leader', async () => {
    const { data } = await zk.getData(`/brokers/topics/${topic}/partitions/0/state`)
    return JSON.parse(String(data)).leader === 1
  })
  console.log(`led: ${topic}`)
} finally {
  for (const end of ends.reverse()) await end()
}

async function startProxy(): Promise<string> {
  const store = await openStore(process.env.ANYKEEPER_STORE ?? 'memory:')
  ends.push(() => store.close())
  const keeper = await Keeper.open({ store })
  ends.push(() => keeper.close())
  const proxy = await ProxyServer.listen(keeper, { host: '127.0.0.1', port: 0 })
  ends.push(() => proxy.close())
  return `127.0.0.1:${proxy.port}`
}

async function startBroker(kafka: string, proxy: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kafka-'))
  ends.push(() => rm(folder, { recursive: true }))
  const properties = {
    'broker.id': 1,
    // A free port, which it registers.
    listeners: 'PLAINTEXT://127.0.0.1:0',
    'log.dirs': join(folder, 'logs'),
    'zookeeper.connect': proxy,
    'zookeeper.connection.timeout.ms': WAIT_MS,
    'offsets.topic.replication.factor': 1,
  }
  const file = join(folder, 'server.properties')
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(file, lines.join(''))
  const args = ['-Xmx384m', '-cp', join(kafka, 'libs', '*'), 'kafka.Kafka', file]
  const broker = spawn('java', args, { cwd: folder, stdio: 'ignore' })
  const exited = once(broker, 'exit')
  exited.then(([code]) => console.log(`broker ended: ${code}`))
  ends.push(async () => {
    // It gives its leadership back before it ends, for which it needs the proxy.
    const late = setTimeout(() => broker.kill('SIGKILL'), WAIT_MS / 4)
    broker.kill('SIGTERM')
    await exited
    clearTimeout(late)
  })
}

/** Looks again while it is not so, or cannot be seen. */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS
  for (;;) {
    try {
      if (await check()) return
    } catch (error) {
      if (!(error instanceof ZnodeError)) throw error
    }
    if (performance.now() > endMs) throw new Error(`not after ${WAIT_MS} ms: ${what}`)
    await sleep(200)
  }
}
