/** How much of one kind is done at a time over HTTP: more is refused, and counted. Neighbours: changes-route, edit-session. */
import { HttpError } from './call.ts'

export class Slots {
  readonly #max: number
  readonly #sentence: string
  /** Taken now. */
  open = 0
  /** Requests that found none. */
  refused = 0

  /** `sentence`: why a request is refused, behind the number of those that are open. */
  constructor(max: number, sentence: string) {
    this.#max = max
    this.#sentence = sentence
  }

  /** @throws {HttpError} 503: none is free */
  take(): void {
    if (this.open >= this.#max) {
      this.refused++
      throw new HttpError(503, `${this.#max} ${this.#sentence}`, { 'retry-after': '5' })
    }
    this.open++
  }

  release(): void {
    this.open--
  }
}
