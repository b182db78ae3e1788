/** When a client takes its session for ended by its own clock. Time is a ManualClock's. */
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { captureTrace } from '../../../../lib/client/call-trace.ts'
import { checkClientOptions } from '../../../../lib/client/client-options.ts'
import { ClientSession } from '../../../../lib/client/client-session.ts'
import type { Link, LinkSink, Transport } from '../../../../lib/client/transport.ts'
import { ZK_ERRORS, ZnodeError } from '../../../../lib/model/errors.ts'
import { ManualClock, settle } from '../../../support/manual-clock.ts'

const TIMEOUT_MS = 30_000
const THIRD_MS = TIMEOUT_MS / 3

/** A server that answers each ping when it is sent, until it is gone. */
class PlayedServer {
  readonly clock = new ManualClock()
  pings = 0
  #aliveMs = 0
  #isGone = false
  #sink: LinkSink | undefined

  readonly transport: Transport = {
    ...{ clock: this.clock, logger: silentLogger, isClosed: false, isReady: true },
    pausesMs: { first: 0, least: 100, most: 1_000 },
    open: async ({ sink }) => this.#opened(sink),
    resume: async ({ sink }) => this.#opened(sink),
    changes: () => {
      throw new Error('not played')
    },
    close: async () => {},
  }

  goAway(): void {
    this.#isGone = true
    this.#sink?.ended('away')
  }

  #opened(sink: LinkSink): Link {
    if (this.#isGone) throw new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno)
    this.#sink = sink
    this.#aliveMs = this.clock.monotonic()
    const aliveMs = () => this.#aliveMs
    return {
      ...{ sessionId: 1n, password: new Uint8Array(16), timeoutMs: TIMEOUT_MS },
      ...{ isReadOnly: false, isInDoubt: false },
      get aliveMs() {
        return aliveMs()
      },
      send: (_, tag) => sink.reply(tag, 0, 0, { type: 'none' }),
      authenticate: async () => {},
      ping: () => {
        this.pings++
        this.#aliveMs = this.clock.monotonic()
      },
      drop: () => {},
    }
  }
}

describe('client/local-clock', () => {
  let server: PlayedServer
  let session: ClientSession

  beforeEach(async () => {
    server = new PlayedServer()
    const options = checkClientOptions({ timeoutMs: TIMEOUT_MS })
    session = await ClientSession.open(server.transport, options, captureTrace(it))
    await settle()
  })
  afterEach(() => session.close())

  /** The server goes away now. @returns how long the session is not taken for ended, ms */
  async function untilLost(): Promise<number> {
    const fromMs = server.clock.monotonic()
    server.goAway()
    await settle()
    const atMs = session.untilMs
    await server.clock.advance(atMs - fromMs - 1)
    expect(session.state).to.equal('suspended')
    await server.clock.advance(1)
    expect(session.state).to.equal('lost')
    return server.clock.monotonic() - fromMs
  }

  it('pings each third of the timeout, so it counts two thirds of it at least without a server', async () => {
    await server.clock.advance(2 * THIRD_MS - 1)
    expect(server.pings).to.equal(1)
    expect(await untilLost()).to.equal(2 * THIRD_MS + 1)
  })

  it('and the whole of it where the server had answered right before it went away', async () => {
    await server.clock.advance(2 * THIRD_MS)
    expect(server.pings).to.equal(2)
    expect(await untilLost()).to.equal(TIMEOUT_MS)
  })
})
