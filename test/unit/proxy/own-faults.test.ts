/** Bugs in the proxy while it serves a client: that one is disconnected, and neither the process nor another client ends. */
import { once } from 'node:events'
import { connect as connectSocket, Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect } from 'chai'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import { connect, type ZooKeeper } from '../../../lib/index.ts'
import { Keeper, silentLogger } from '../../../lib/internal.ts'
import { Listings } from '../../../proxy/admin/listings.ts'
import { FairTurns } from '../../../proxy/fair-turns.ts'
import { InFlight } from '../../../proxy/in-flight.ts'
import { ProxyServer } from '../../../proxy/server.ts'
import { Throttle } from '../../../proxy/throttle.ts'
import { failOnce } from '../../support/fail-once.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('proxy/own faults', () => {
  let keeper: Keeper
  let proxy: ProxyServer
  let url: string
  let lines: string[]
  const clients: ZooKeeper[] = []

  const logger = {
    ...silentLogger,
    error: ({ err }: { err?: Error }, message: string): void => {
      lines.push(`${message}: ${err?.stack}`)
    },
  }
  const open = async (): Promise<ZooKeeper> => {
    const client = await connect(url, { retryMs: 20_000 })
    clients.push(client)
    return client
  }
  const socketOf = (client: ZooKeeper): Socket => {
    for (const { session, socket } of proxy.connections) {
      if (session?.id === client.sessionId) return socket
    }
    throw new Error('not connected')
  }

  beforeEach(async () => {
    lines = []
    keeper = await Keeper.open({ store: openMemoryStore(), logger })
    proxy = await ProxyServer.listen(keeper, { host: '127.0.0.1', port: 0, fourLetterWords: ['*'] })
    url = `zk://127.0.0.1:${proxy.port}`
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    await proxy.close(0)
    await keeper.close(0)
  })

  /** Its connection ends behind `fail`, it comes back, and the other one has not noticed. */
  async function disconnects(fail: (client: ZooKeeper) => void): Promise<void> {
    const [client, other] = [await open(), await open()]
    const others: string[] = []
    other.onStateChange((state) => others.push(state))
    const before = socketOf(client)
    const closed = once(before, 'close')
    fail(client)
    await client.exists('/')
    await closed
    expect(await other.exists('/')).not.to.equal(null)
    expect(socketOf(client)).not.to.equal(before)
    expect([keeper.faults.count, others]).to.deep.equal([1, []])
  }

  it('where input is read', async () => {
    await disconnects(() => failOnce(proxy, 'stats'))
    expect(lines[0]).to.match(/^fault in a connection: client disconnected: TypeError.*\n {4}at /)
  })

  it('where replies are sent', async () => {
    await disconnects((client) => failOnce(socketOf(client), 'writableEnded'))
    expect(lines[0]).to.match(/^fault in sending: client disconnected: TypeError.*\n {4}at /)
  })

  it('where a four-letter word is answered, now or later', async () => {
    const other = await open()
    for (const fail of [
      () => failOnce(proxy, 'allMetrics'),
      () => Object.assign(proxy, { allMetrics: () => Promise.reject(new TypeError('injected')) }),
    ]) {
      fail()
      const socket = connectSocket(proxy.port, '127.0.0.1')
      socket.on('error', () => {})
      const closed = once(socket, 'close')
      socket.write('mntr')
      socket.resume()
      await closed
    }
    expect(keeper.faults.count).to.equal(2)
    await other.exists('/')
  })

  it('where a connection begins', async () => {
    const other = await open()
    failOnce(keeper, 'clock')
    const socket = connectSocket(proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'close')
    expect(lines[0]).to.match(/^fault in the arrival of a client: TypeError/)
    await other.exists('/')
  })

  it('in a long answer: the next one is sent', async () => {
    const bounds = { listingsWaitingMax: 4, listingUnreadMs: 1_000 }
    const listings = new Listings(new ManualClock(), bounds, keeper.faults)
    const sent: string[] = []
    const into = () =>
      new Writable({
        write(chunk, _encoding, done) {
          sent.push(String(chunk))
          done()
        },
      })
    function* poison(): Generator<string> {
      yield 'half of it'
      throw new TypeError('injected')
    }
    const ended: string[] = []
    const broken = into()
    const whole = new Promise<void>((resolve) => {
      listings.send(broken, poison(), () => ended.push('broken'))
      listings.send(into(), ['all of it'], resolve)
    })
    await whole
    expect([sent, ended, broken.destroyed]).to.deep.equal([['all of it'], ['broken'], true])
    expect(keeper.faults.count).to.equal(1)
  })

  it('in the turn of a client that waited: those behind it have theirs', () => {
    const turns = new FairTurns({ now: () => 0, turnMs: 4 })
    const failed: unknown[] = []
    const { options, requestBytes } = proxy
    const throttle = new Throttle({
      ...{ socket: new Socket(), limits: options, turns, budget: requestBytes },
      ...{ inFlight: new InFlight(requestBytes), outstanding: () => 0, isOpen: () => true },
      onTurn: () => {
        throw new TypeError('injected')
      },
      onFrame: () => {},
      onFault: (error) => failed.push(String(error)),
    })
    throttle.endTurn(false)
    return new Promise<void>((resolve) => turns.add({ run: resolve }, false)).then(() =>
      expect(failed).to.deep.equal(['TypeError: injected']),
    )
  })
})
