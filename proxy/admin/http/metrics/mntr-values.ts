/** The numbers of mntr by name, as of the scrape in progress; of all workers together, where there are several. */
import type { Metric } from '../../sum-metrics.ts'

export type MntrValue = (name: string) => number | undefined

export class MntrValues {
  #values: ReadonlyMap<string, number> = new Map()

  /** Texts among them are left out. */
  keep(list: readonly Metric[]): void {
    const values = new Map<string, number>()
    for (const [name, value] of list) {
      const number = Number(value)
      if (!Number.isNaN(number)) values.set(name, number)
    }
    this.#values = values
  }

  readonly valueOf: MntrValue = (name) => this.#values.get(name)
}
