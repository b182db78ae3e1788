/** Who was elected controller, by the logs of the brokers, which keep the newest lines only. Neighbour: weather-hunt. */
import { expect } from 'chai'
import type { Controller, KafkaCluster } from '../kafka-cluster.ts'

/** Of a log that turns over in no less than some seconds. */
const READ_MS = 500
const ELECTED =
  /\[Controller id=(\d+)\] \d+ successfully elected as the controller\. Epoch incremented to (\d+)/g

export class Elections {
  readonly #cluster: KafkaCluster
  /** Epoch → the brokers that said that it is theirs. */
  readonly #elected = new Map<number, Set<number>>()
  readonly #timer: NodeJS.Timeout

  private constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
    this.#timer = setInterval(() => this.#read(), READ_MS).unref()
  }

  static follow(cluster: KafkaCluster): Elections {
    return new Elections(cluster)
  }

  get count(): number {
    return this.#elected.size
  }

  expectNoneTwice(): void {
    this.#read()
    for (const [epoch, brokers] of this.#elected) {
      expect([...brokers], `elected for epoch ${epoch}`).to.have.length(1)
    }
  }

  /** Of the highest epoch. */
  last(): Controller {
    const epoch = Math.max(...this.#elected.keys())
    const [brokerId] = this.#elected.get(epoch) ?? []
    return { brokerId: brokerId!, epoch }
  }

  /** Reads them once more. */
  stop(): void {
    clearInterval(this.#timer)
    this.expectNoneTwice()
  }

  #read(): void {
    for (const { child } of this.#cluster.brokers) {
      for (const [, id, epoch] of child.output.matchAll(ELECTED)) {
        const brokers = this.#elected.get(Number(epoch)) ?? new Set()
        this.#elected.set(Number(epoch), brokers.add(Number(id)))
      }
    }
  }
}
