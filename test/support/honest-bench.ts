/** A proxy with one honest client, for tests of what others do to it. */
import { expect } from 'chai'
import type { ClientConnection } from '../../proxy/host.ts'
import type { RawClient } from './raw-client.ts'
import { type Served, type ServeOptions, WireBench } from './wire-bench.ts'

export class HonestBench extends WireBench {
  #served: Served | undefined
  #honest: RawClient | undefined

  /** Serves, and connects the client that the others shall not affect. */
  async start(options: ServeOptions = {}): Promise<{ served: Served; honest: RawClient }> {
    const served = await this.serve(options)
    const honest = await this.connect(served)
    await honest.create('/honest', { data: 'yes', flags: 1 })
    this.#served = served
    this.#honest = honest
    return { served, honest }
  }

  /** Same connection, same session, still answered. */
  async expectOthersUnaffected(): Promise<void> {
    const reply = await this.#honest!.getData('/honest')
    expect(reply.err).to.equal(0)
    expect(reply.record.data?.toString()).to.equal('yes')
    expect(this.#honest!.closed).to.equal(false)
  }

  /** The proxy's side of it. */
  connectionOf(client: RawClient): ClientConnection {
    return [...this.#served!.proxy.connections].find((c) => c.session?.id === client.sessionId)!
  }
}
