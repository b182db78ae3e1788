/** The numbers of the scrape in progress; of all workers together, where there are several. */
import type { Counts } from '../../counts.ts'
import type { ProcessReport } from '../../process-report.ts'

export type MntrValue = (name: string) => number | undefined

export class Scraped {
  #values: ReadonlyMap<string, number> = new Map()
  #counts: Counts | undefined

  /** Texts among the lines of mntr are left out. */
  keep({ metrics, counts }: ProcessReport): void {
    const values = new Map<string, number>()
    for (const [name, value] of metrics) {
      const number = Number(value)
      if (!Number.isNaN(number)) values.set(name, number)
    }
    this.#values = values
    this.#counts = counts
  }

  /** A number of mntr by its name, without zk_. */
  readonly mntr: MntrValue = (name) => this.#values.get(name)

  /** There are some from the first scrape on. */
  get counts(): Counts {
    if (this.#counts === undefined) throw new Error('nothing was scraped yet')
    return this.#counts
  }
}
