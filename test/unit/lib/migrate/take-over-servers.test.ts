/** Which servers keep a tree from being taken over: all that are known, also those that nobody named. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { answering, knownAddresses } from '../../../../lib/migrate/probe.ts'
import { refuseClients } from '../../../../lib/migrate/serve/source-clients.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const ANNA = 0x1000_0000_0001n
/** Nothing listens there. */
const CLOSED = '127.0.0.1:1'
/** No name leads there. */
const NOWHERE = 'no-server.invalid:2181'
const logger = silentLogger

describe('migrate/take-over: the servers', () => {
  let bench: ReturnType<typeof mirrorBench>
  const listening: Server[] = []
  const sockets = new Set<Socket>()

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    for (const server of listening.splice(0)) server.close()
    await bench.close()
  })

  /** Answers a word so; `connections`: those that it has when it answers. */
  async function server(answer: (connections: number, word: string) => string): Promise<string> {
    let connections = 0
    const own = createServer((socket) => {
      connections++
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => connections--)
      socket.on('data', (word) => socket.end(answer(connections, String(word))))
    }).listen(0, '127.0.0.1')
    listening.push(own)
    await once(own, 'listening')
    return `127.0.0.1:${(own.address() as AddressInfo).port}`
  }

  const zookeeper = (clients: number) => (connections: number) =>
    `Zookeeper version: 3.9.5-abc\nConnections: ${connections + clients}\nMode: follower\n`

  /** Followed to its end; the ensemble has said that these are its members. */
  async function followed(addresses: { clients: string[]; quorum: string[] }): Promise<void> {
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow({ servers: [CLOSED] })
    await bench.caughtUp()
    source.feed.push({ kind: 'members', addresses })
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await bench.status(
      'the members',
      ({ members, leader }) => members !== undefined && leader === '',
    )
    await follower.stop()
  }

  it('a member that only the ensemble has named', async () => {
    const [client, quorum] = [await server(zookeeper(0)), await server(() => '')]
    await followed({ clients: [client, NOWHERE], quorum: [quorum, CLOSED] })
    const notes: string[] = []
    const options = { store: bench.own, logger, onNote: (note: string) => notes.push(note) }
    const error = await takeOver(options).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'MIGRATE_SOURCE_ANSWERS')
    expect(error).to.have.property('message').that.includes(`${client}, ${quorum} still answer`)
    expect((await bench.key.read())?.phase).to.equal('following')
    for (const each of listening) each.close()
    expect(await takeOver(options)).to.include({ wasTaken: false })
    expect(notes).to.have.length(1)
    expect(notes[0]).to.match(
      /^no-server\.invalid:2181 could not be queried whether it serves clients \(.+\): make sure/,
    )
  })

  it('each address once; what the ensemble says is asked besides what was given', () => {
    const [servers, quorum] = [['a:2181'], ['a:2888']]
    const members = { clients: ['a:2181', 'b:2181'], quorum: ['b:2888'] }
    const record = { servers, quorum } as unknown as Parameters<typeof knownAddresses>[0]
    expect(knownAddresses(record)).to.deep.equal({ clients: servers, quorum })
    expect(knownAddresses({ ...record, members })).to.deep.equal({
      clients: ['a:2181', 'b:2181'],
      quorum: ['a:2888', 'b:2888'],
    })
  })

  it('a proxy of ours is none of them', async () => {
    const ours = await server(
      () => 'Zookeeper version: 3.8.4-anykeeper\nConnections: 9\nMode: standby\n',
    )
    await followed({ clients: [ours], quorum: [] })
    expect(await answering((await bench.key.read())!)).to.deep.equal({ answering: [], unasked: [] })
    expect(await refuseClients([ours])).to.deep.equal({ reached: [ours], unasked: [] })
  })

  it('with proxies that serve meanwhile: only those with clients, or that do not say', async () => {
    const refusal = (...addresses: string[]) =>
      refuseClients(addresses).then(
        ({ unasked }) => unasked,
        ({ message }: Error) => message,
      )
    const [idle, busy] = [await server(zookeeper(0)), await server(zookeeper(3))]
    const starting = await server(
      () => 'This ZooKeeper instance is not currently serving requests\n',
    )
    const secret = await server(() => '')
    expect(await refusal(idle, starting, CLOSED)).to.deep.equal([])
    expect(await refusal(idle, NOWHERE)).to.have.length(1)
    expect(await refusal(idle, busy)).to.include(`${busy} has 3 clients (cons, which would name`)
    expect(await refusal(secret)).to.include(`${secret} does not say whether it has clients`)
    const connection = (at: string, session: string) =>
      ` /${at}[1](queued=0,recved=5,sent=5${session})\n`
    const listing = (...sessions: string[]) =>
      server((connections, word) =>
        word === 'cons'
          ? ['', ...sessions].map((one, i) => connection(`10.1.2.${i}:4000`, one)).join('')
          : zookeeper(sessions.length)(connections),
      )
    // Only connections with a session are clients: a monitor's is none.
    expect(await refusal(await listing('', ''))).to.deep.equal([])
    const named = await listing('', ',sid=0x10000001,lop=PING', ',sid=0x2,lop=SESS')
    expect(await refusal(named)).to.include(
      `${named} has 2 clients (10.1.2.2:4000, 10.1.2.3:4000): `,
    )
    const many = await listing(...Array.from({ length: 7 }, () => ',sid=0x1'))
    expect(await refusal(many))
      .to.include('7 clients (')
      .and.to.include('10.1.2.5:4000 and others)')
    // Without cons the AdminServer names them, and what is known of their number is what srvr says.
    const admin = createHttpServer(({ url }, response) => {
      const connections = [{ remote_socket_address: '10.1.2.3:4000', session_id: 7 }]
      const idle = { remote_socket_address: '10.1.2.4:4000' }
      const configuration = { client_port: Number(busy.split(':')[1]) }
      const isList = url === '/commands/connections'
      response.end(JSON.stringify(isList ? { connections: [...connections, idle] } : configuration))
    })
    await once(admin.listen(0, '127.0.0.1'), 'listening')
    const { port } = admin.address() as AddressInfo
    const byAdmin = await refuseClients([busy], {}, port).catch(({ message }: Error) => message)
    admin.close()
    expect(byAdmin).to.include(`${busy} has 3 clients (10.1.2.3:4000 and others): move them`)
    // Two names of one server: it is asked once, or it would count two of us.
    expect(await refusal(idle, idle.replace('127.0.0.1', 'localhost'))).to.deep.equal([])
  })
})
