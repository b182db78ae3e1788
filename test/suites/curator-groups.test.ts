/**
 * LeaderSelector, GroupMember, PersistentNode, counters and queues beside Curator's, in both directions: Curator through a
 * proxy, the library as a member of its own on the same etcd. Program: curator-groups/Groups.java.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  AtomicCounter,
  connect,
  GroupMember,
  type Held,
  Keeper,
  LeaderSelector,
  type MetadataStore,
  PersistentNode,
  Queue,
  type QueueElement,
  SharedCount,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { curatorLibs, etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'

const WAIT_MS = 40_000
const ROUNDS = 20

const textOf = ({ data }: QueueElement): string => Buffer.from(data ?? []).toString()

describe('groups, counters and queues with Curator’s', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let proxy: AnykeeperProcess
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let program: ChildProcessWithoutNullStreams
  const said: string[] = []
  let wake: () => void = () => {}

  before(async function () {
    requireOrSkip(this, 'etcd', 'jdk', 'curator')
    etcd = await startEtcd({ binary: etcdProgram() })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}` })
    store = await openEtcdStore({ hosts: [etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 10_000 })
    const classes = temporaryFolder('curator-groups')
    const libs = join(curatorLibs(), '*')
    const sources = sourcesIn('curator-groups', '.java')
    await compileWith('javac', ['-nowarn', '-proc:none', '-cp', libs, '-d', classes, ...sources])
    program = spawn('java', [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${classes}:${libs}`,
      'Groups',
      proxy.connectString,
    ])
    program.stderr.resume()
    createInterface(program.stdout).on('line', (line) => {
      said.push(line)
      wake()
    })
  })
  after(async () => {
    program?.kill('SIGKILL')
    await client?.close()
    await keeper?.close()
    await store?.close()
    await proxy?.stop()
    await etcd?.stop()
  })

  /** The first line that begins so is taken out of what was said. */
  async function says(beginning: string): Promise<string> {
    const signal = AbortSignal.timeout(WAIT_MS)
    for (;;) {
      const at = said.findIndex((line) => line.startsWith(beginning))
      if (at >= 0) return String(said.splice(at, 1))
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        signal.addEventListener('abort', () => reject(new Error(`no "${beginning}" in ${said}`)))
      })
    }
  }

  /** One command, and its answer behind the first word. */
  async function ask(command: string, answer: string): Promise<string> {
    program.stdin.write(`${command}\n`)
    const line = await says(answer)
    await client.sync()
    return line.slice(answer.length + 1)
  }

  const waiting = (path: string, count: number): Promise<boolean> =>
    eventually(
      `${count} in line`,
      async () => (await client.getChildren(path)).children.length === count,
      WAIT_MS,
    )

  it('LeaderSelector', async () => {
    const leaderships: Held[] = []
    let end: () => void = () => {}
    const selector = new LeaderSelector(client, '/selector', {
      id: 'ours',
      async takeLeadership(leadership) {
        leaderships.push(leadership)
        await new Promise<void>((resolve) => {
          end = resolve
          leadership.signal.addEventListener('abort', () => resolve())
        })
      },
    })
    await selector.start()
    await eventually('our leadership', () => selector.isLeader, WAIT_MS)
    await ask('select /selector', 'selected')
    await waiting('/selector', 2)
    expect(await ask('participants', 'participants')).to.equal('ours!,curator')
    expect(said).to.not.include('leads')
    end()
    await says('leads')
    expect([selector.isLeader, selector.requeue()]).to.deep.equal([false, true])
    await waiting('/selector', 2)
    expect(await ask('participants', 'participants')).to.equal('curator!,ours')
    expect((await selector.participants()).map(({ id }) => id)).to.deep.equal(['curator', 'ours'])
    expect(selector.isLeader).to.equal(false)
    await ask('end', 'ended')
    await eventually('our leadership', () => selector.isLeader, WAIT_MS)
    expect(await ask('requeue', 'requeued')).to.equal('true')
    await waiting('/selector', 2)
    const [first, second] = leaderships
    expect(second?.token).to.be.greaterThan(Number(first?.token))
    await client.delete(`/selector/${await lowestOf('/selector')}`)
    await says('leads')
    await waiting('/selector', 2)
    expect(selector.isLeader).to.equal(false)
    await ask('end', 'ended')
    await eventually('our leadership', () => selector.isLeader, WAIT_MS)
    await selector.close()
    expect((await client.getChildren('/selector')).children).to.deep.equal([])
  })

  async function lowestOf(path: string): Promise<string | undefined> {
    const { children } = await client.getChildren(path)
    return children.toSorted((x, y) => (x.slice(-10) < y.slice(-10) ? -1 : 1))[0]
  }

  it('GroupMember', async () => {
    const seen: string[] = []
    const member = new GroupMember(client, '/group', 'ours', {
      data: Buffer.from('1'),
      onChange: (group) => seen.push([...group.keys()].join()),
    })
    await member.start()
    await ask('join /group 2', 'joined')
    await eventually('both', () => seen.at(-1) === 'curator,ours', WAIT_MS)
    const data = [...(await member.members()).values()].map((one) => String(Buffer.from(one ?? [])))
    expect(data).to.deep.equal(['2', '1'])
    await member.setData(Buffer.from('3'))
    await eventually(
      'our data',
      async () => (await ask('members', 'members')) === 'curator=2,ours=3',
      WAIT_MS,
    )
    await client.delete('/group/curator')
    await eventually('curator, again', () => seen.at(-1) === 'curator,ours', WAIT_MS)
    await ask('leave', 'left')
    await eventually('ours alone', () => seen.at(-1) === 'ours', WAIT_MS)
    await member.close()
  })

  it('SharedCount', async () => {
    const values: number[] = []
    const count = new SharedCount(client, '/count', { seed: 5 })
    expect(await count.get()).to.equal(5)
    count.onChange(({ value }) => values.push(value))
    expect(await ask('count /count 9', 'count')).to.equal('5')
    const { version } = await count.getVersioned()
    await ask('set-count -7', 'count')
    expect(await count.trySet(1, version)).to.equal(false)
    expect(await count.get()).to.equal(-7)
    await eventually('the listener', () => values.at(-1) === -7, WAIT_MS)
    await count.set(2 ** 31 - 1)
    await eventually(
      'curator’s listener',
      async () => (await ask('get-count', 'count')) === String(2 ** 31 - 1),
      WAIT_MS,
    )
    await count.close()
  })

  it('AtomicCounter: DistributedAtomicLong, at the same time', async () => {
    const sum = new AtomicCounter(client, '/sum', { attemptsMax: 1_000 })
    expect(await ask('sum /sum', 'sum')).to.equal('true')
    program.stdin.write(`add -3 ${ROUNDS}\n`)
    for (let round = 0; round < ROUNDS; round++) await sum.add(2 ** 33)
    await says('sum')
    await client.sync()
    const total = ROUNDS * (2 ** 33 - 3)
    expect(await sum.get()).to.equal(total)
    expect(await ask('add 0 1', 'sum')).to.equal(String(total))
  })

  it('PersistentNode: one follows the other', async () => {
    expect(await ask('node /node/one theirs', 'node')).to.equal('true')
    const node = new PersistentNode(client, '/node/one', {
      data: Buffer.from('ours'),
      onError: () => {},
    })
    const started = node.start()
    const outcome = outcomeOf(started)
    await client.delete('/node/one')
    await eventually('one', async () => (await client.exists('/node/one')) !== undefined, WAIT_MS)
    await ask('close-node', 'closed')
    await started
    expect(outcome.now).to.equal('done')
    await eventually(
      'our data',
      async () =>
        String(Buffer.from((await client.getData('/node/one')).data ?? [])) === 'ours' &&
        (await client.exists('/node/one'))?.ephemeralOwner === client.sessionId,
      WAIT_MS,
    )
    await node.close()
    expect(await client.exists('/node/one')).to.equal(undefined)
  })

  it('PersistentNode in mode ttl keeps what Curator’s PersistentTtlNode keeps, with the same child', async () => {
    const node = new PersistentNode(client, '/ttl/one', { mode: 'ttl', ttlMs: 4_000 })
    await node.start()
    const touched = (): Promise<number> =>
      eventually(
        'a touch',
        async () => {
          const stat = await client.exists('/ttl/one/touch')
          return stat === undefined ? undefined : stat.version + 1
        },
        WAIT_MS,
      )
    expect(await touched()).to.equal(1)
    await node.close()
    expect(await ask('ttl-node /ttl/one theirs', 'node')).to.equal('true')
    await eventually(
      'Curator’s touch',
      async () => ((await client.exists('/ttl/one/touch'))?.version ?? 0) > 0,
      WAIT_MS,
    )
  })

  it('Queue: SimpleDistributedQueue', async () => {
    const queue = new Queue(client, '/queue')
    await ask('queue /queue', 'queue')
    for (const word of ['one', 'two', 'three']) {
      expect(await ask(`offer ${word}`, 'offered')).to.equal('true')
    }
    expect(textOf(await queue.take())).to.equal('one')
    expect(await ask('take', 'took')).to.equal('two')
    await queue.put(Buffer.from('four'))
    expect(textOf(await queue.take())).to.equal('three')
    expect(await ask('take', 'took')).to.equal('four')
    const waited = queue.take({ timeoutMs: WAIT_MS })
    await ask('offer five', 'offered')
    expect(textOf(await waited)).to.equal('five')
    program.stdin.write('take\n')
    await queue.put(Buffer.from('six'))
    expect(await says('took')).to.equal('took six')
    await client.sync()
    expect(await queue.size()).to.equal(0)
    const ended = once(program, 'exit')
    program.stdin.end()
    await ended
  })
})
