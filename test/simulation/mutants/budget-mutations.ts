/** Deliberate bugs of budgets in bytes: what is never returned, what is returned too often, and who is not woken. */
import type { Mutation } from './mutation.ts'

const IN_FLIGHT = 'proxy/in-flight.ts'
const OUTBOX = 'proxy/outbox.ts'
const CONNECTION = 'proxy/connection.ts'
const THROTTLE = 'proxy/throttle.ts'

export const BUDGET_MUTATIONS: readonly Mutation[] = [
  {
    bug: 'requests of a dropped connection stay in the budget',
    edits: [
      {
        file: IN_FLIGHT,
        from: 'this.#reset()\n    this.#budget.remove(bytes)',
        to: 'this.#reset()',
      },
    ],
    faults: 'all',
    seedsMax: 20,
  },
  {
    bug: 'an answered request stays in the budget',
    edits: [
      {
        file: IN_FLIGHT,
        from: 'this.#budget.remove(bytes)\n    return arrivedMs',
        to: 'return arrivedMs',
      },
    ],
    faults: 'all',
    seedsMax: 20,
  },
  {
    bug: 'requests of a dropped connection leave the budget twice',
    edits: [
      {
        file: CONNECTION,
        from: 'this.#inFlight.clear()',
        to: 'this.#inFlight.clear(); this.server.requestBytes.remove(this.queued)',
      },
    ],
    faults: 'all',
    seedsMax: 20,
  },
  {
    bug: 'unsent replies of a dropped connection stay in the budget',
    edits: [
      {
        file: OUTBOX,
        from: 'this.#isDropped = true\n    this.#count(0)',
        to: 'this.#isDropped = true',
      },
    ],
    faults: 'all',
    seedsMax: 50,
  },
  {
    bug: 'replies that the kernel took at last stay in the budget',
    edits: [
      {
        file: OUTBOX,
        from: 'this.#count(this.#socket.writableLength)\n      this.#throttle',
        to: 'this.#throttle',
      },
      {
        file: OUTBOX,
        from: 'if (this.#unsentBytes > 0) this.#awaitDrain()',
        to: 'if (this.#socket.writableLength > 0) this.#awaitDrain()',
      },
    ],
    faults: 'all',
    seedsMax: 50,
  },
  {
    bug: 'below the high-water mark of a socket nobody waits for what is unsent',
    edits: [
      { file: OUTBOX, from: 'if (isBelowMark && !this.#isSecure) this.#awaitDrain()', to: '' },
    ],
    faults: 'all',
    seedsMax: 50,
  },
  {
    bug: 'an answer does not wake the requests that wait behind it',
    edits: [
      {
        file: CONNECTION,
        from: 'if (this.#throttle.isPaused) this.#throttle.maybeResume()',
        to: '',
      },
    ],
    faults: 'all',
    seedsMax: 20,
  },
  {
    bug: 'a connection that waits for the budget forgets what it waits for',
    edits: [
      {
        file: THROTTLE,
        from: '    if (budget.isFull && inFlight.bytes > 0) {\n      budget.wait(this.#wake)\n      return false',
        to: '    if (budget.isFull) {\n      return false',
      },
    ],
    faults: 'all',
    seedsMax: 20,
  },
]
