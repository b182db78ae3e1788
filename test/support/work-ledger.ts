/**
 * What counters and queues must have, from how the calls on them ended. An outcome that a test made unknown is known to the
 * test; one that the machine made unknown is not. Neighbours: work-scenes, work-play.
 */
import { expect } from 'chai'
import { ZnodeError, type ZooKeeper } from '../../lib/index.ts'

/** What a write has done whose outcome is unknown to its sender. 'either': the test does not know it. */
export type Applied = 'applied' | 'not' | 'either'

const isUnapplied = (error: unknown): boolean =>
  error instanceof ZnodeError && error.outcome === 'unapplied'

/** The calls that clients have in progress, one each, and what the test knows of their writes. */
export class Calls {
  readonly #inProgress = new Map<ZooKeeper, { applied: Applied }>()

  /** Says it of the last write of the call that this client has in progress, if it has one. */
  mark(client: ZooKeeper, applied: Applied): void {
    const call = this.#inProgress.get(client)
    if (call !== undefined) call.applied = applied
  }

  /** Runs one. `onUnknown`: it is rejected, and does not say that nothing was applied. @throws what it is rejected with */
  async run<T>(
    client: ZooKeeper,
    send: () => Promise<T>,
    onUnknown: (applied: Applied, error: unknown) => void,
  ): Promise<T> {
    const call = { applied: 'either' as Applied }
    this.#inProgress.set(client, call)
    try {
      return await send()
    } catch (error) {
      if (!isUnapplied(error)) onUnknown(call.applied, error)
      throw error
    } finally {
      this.#inProgress.delete(client)
    }
  }
}

/** A number that each call adds 1 to. */
export class Count {
  readonly calls: Calls
  #sure = 0
  readonly #unknown: Applied[] = []

  constructor(calls: Calls) {
    this.calls = calls
  }

  /** `send` resolves with false where it added nothing. */
  async add(client: ZooKeeper, send: () => Promise<boolean>): Promise<void> {
    const isAdded = await this.calls.run(client, send, (applied) => this.#unknown.push(applied))
    if (isAdded) this.#sure += 1
  }

  expect(found: number): void {
    // One that arrived may have found that the other client was faster.
    const maybe = this.#unknown.filter((applied) => applied !== 'not').length
    expect(found, `${this.#sure} sure, unknown: ${this.#unknown}`).to.be.within(
      this.#sure,
      this.#sure + maybe,
    )
  }
}

/** Elements by their text. A step puts one before it takes one, so that no take waits for long. */
export class Elements {
  readonly calls: Calls
  readonly #put = new Set<string>()
  readonly #maybePut = new Map<string, Applied>()
  readonly #taken: string[] = []
  /** Of takes: an element may have been taken, and was not received. */
  readonly #lost: Applied[] = []
  #count = 0

  constructor(calls: Calls) {
    this.calls = calls
  }

  async put(client: ZooKeeper, send: (data: Uint8Array) => Promise<void>): Promise<void> {
    this.#count += 1
    const text = `element ${this.#count}`
    await this.calls.run(
      client,
      () => send(Buffer.from(text)),
      (applied) => this.#maybePut.set(text, applied),
    )
    this.#put.add(text)
  }

  /** Takes one. What its call may have taken without an answer may be missing from then on. */
  async take(
    client: ZooKeeper,
    send: () => Promise<{ readonly data: Uint8Array | null }>,
  ): Promise<void> {
    const { data } = await this.calls.run(client, send, (applied, error) => {
      // With its signal's reason it has taken none.
      if (error instanceof ZnodeError) this.#lost.push(applied)
    })
    this.#taken.push(Buffer.from(data ?? []).toString())
  }

  /** Of an empty queue: all that was put has been taken. */
  expect(): void {
    const found = new Set(this.#taken)
    expect(found.size, 'none is there twice').to.equal(this.#taken.length)
    for (const text of found) {
      const applied = this.#put.has(text) ? 'applied' : this.#maybePut.get(text)
      expect(applied, text).to.be.oneOf(['applied', 'either'])
    }
    const surelyPut = [...this.#maybePut].filter(([, applied]) => applied === 'applied')
    const put = [...this.#put, ...surelyPut.map(([text]) => text)]
    const missing = put.filter((text) => !found.has(text))
    const lostMax = this.#lost.filter((applied) => applied !== 'not').length
    expect(missing.length, `missing: ${missing}`).to.be.at.most(lostMax)
  }
}
