/** Looks at /metrics every two seconds. Neighbour: samples, which keeps what was seen. */
import { metricsText } from './api.js'
import { parseMetrics } from './metric-values.js'
import { LOOK_MS, Samples } from './samples.js'

export class Sampler {
  samples = new Samples()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #isStopped = false
  #onSample

  /** @param {() => void} onSample */
  constructor(onSample) {
    this.#onSample = onSample
  }

  start() {
    this.#isStopped = false
    void this.#look()
  }

  stop() {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #look() {
    try {
      // Nobody sees it meanwhile.
      if (!document.hidden) {
        this.samples.add(parseMetrics(await metricsText()), performance.now(), Date.now())
        this.#onSample()
      }
    } catch {
      // That the server does not answer is shown elsewhere.
      this.samples.fail()
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#look(), LOOK_MS)
  }
}
