/** Who is notified of a client's states, in order, also when a listener causes the next one. Neighbour: client-session. */
import type { CallTrace } from './call-trace.ts'
import type { CallbackFaults } from './callback-faults.ts'
import type { ClientState, StateListener } from './client-options.ts'

interface Registered {
  readonly listener: StateListener
}

export class StateListeners {
  readonly #faults: CallbackFaults
  readonly #trace: CallTrace
  readonly #all = new Set<Registered>()
  /** The first one is being reported. */
  readonly #states: ClientState[] = []

  /** `trace`: where the client was opened. */
  constructor(faults: CallbackFaults, trace: CallTrace) {
    this.#faults = faults
    this.#trace = trace
  }

  /** Returns its cancel. */
  add(listener: StateListener): () => void {
    const registered = { listener }
    this.#all.add(registered)
    return () => this.#all.delete(registered)
  }

  /** A state that a listener causes is reported behind this one, to all. */
  report(state: ClientState): void {
    this.#states.push(state)
    if (this.#states.length > 1) return
    for (;;) {
      const next = this.#states[0]
      if (next === undefined) return
      for (const registered of [...this.#all]) {
        // Another listener may have cancelled it.
        if (!this.#all.has(registered)) continue
        this.#faults.run(registered.listener, next, 'onState', this.#trace)
      }
      this.#states.shift()
    }
  }
}
