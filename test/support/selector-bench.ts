/** Candidates of LeaderSelector for its tests: what happens to them is said in order, and two leaders are found. */
import { expect } from 'chai'
import { type Held, LeaderSelector, type SelectorOptions, type ZooKeeper } from '../../lib/index.ts'
import { Holders, PATH } from './recipe-bench.ts'
import { twoClients, wordOf } from './two-clients.ts'

/** A takeLeadership that ends when the test says so, or its signal is aborted. */
export class Work {
  readonly leaderships: Held[] = []
  isStubborn = false
  running = 0
  #end: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  readonly run = async (leadership: Held): Promise<void> => {
    this.leaderships.push(leadership)
    this.running += 1
    expect(this.running, 'takeLeadership runs once').to.equal(1)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#end = resolve
        this.#fail = reject
        if (!this.isStubborn) leadership.signal.addEventListener('abort', () => resolve())
      })
    } finally {
      this.running -= 1
    }
  }

  end(): void {
    this.#end()
  }
  fail(): void {
    this.#fail(new RangeError('mine'))
  }
}

/** Registers its own hooks. */
export function selectorBench() {
  const clients = twoClients()
  const said: string[] = []
  const works = new Map<string, Work>()
  let holders: Holders
  beforeEach(() => {
    holders = new Holders()
    said.length = 0
    works.clear()
  })

  const say = (id: string, what: string, error?: unknown): void => {
    said.push([id, what, wordOf(error)].filter(Boolean).join(' '))
  }

  const work = (id: string): Work => {
    const found = works.get(id)
    if (found === undefined) throw new Error(`no candidate ${id}`)
    return found
  }

  /** A candidate that says what happens to it. */
  function candidate(
    client: ZooKeeper,
    id: string,
    options: Partial<SelectorOptions> = {},
  ): LeaderSelector {
    const own = new Work()
    works.set(id, own)
    return new LeaderSelector(client, PATH, {
      id,
      takeLeadership(leadership) {
        holders.add(leadership)
        say(id, 'leads')
        return own.run(leadership)
      },
      onLost: (reason) => say(id, 'lost', reason),
      onError: (error) => say(id, 'error', error),
      ...options,
    })
  }

  /** One leads, the other stands by. */
  async function pair(
    options: Partial<SelectorOptions> = {},
  ): Promise<[leader: LeaderSelector, standby: LeaderSelector]> {
    const selectors: [LeaderSelector, LeaderSelector] = [
      candidate(clients.a, 'a', options),
      candidate(clients.b, 'b', options),
    ]
    for (const selector of selectors) await selector.start()
    expect(selectors.map((selector) => selector.isLeader)).to.deep.equal([true, false])
    expect(said.splice(0)).to.deep.equal(['a leads'])
    return selectors
  }

  return { clients, said, work, candidate, pair }
}
