/**
 * What happened, as one number: every event of a run goes in, with its time, its node and its bytes.
 * Two runs of one seed are the same run exactly when this number is the same.
 */

export type TraceSink = (line: string) => void

export class Trace {
  #high = 0x811c9dc5
  #low = 0x9e3779b9
  events = 0
  readonly #sink: TraceSink | undefined

  /** `sink` gets each event as a line, for --verbose. */
  constructor(sink?: TraceSink) {
    this.#sink = sink
  }

  get isVerbose(): boolean {
    return this.#sink !== undefined
  }

  /** 16 hex digits. */
  get hash(): string {
    const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }

  event(atMs: number, node: string, what: string): void {
    this.events++
    this.#number(atMs)
    this.#text(node)
    this.#text(what)
    this.#sink?.(`${atMs.toFixed(3).padStart(11)} ${node.padEnd(8)} ${what}`)
  }

  bytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#mix(bytes[i] as number)
  }

  /** For --verbose only; a hash of everything does not need it. */
  note(atMs: number, node: string, text: () => string): void {
    this.#sink?.(`${atMs.toFixed(3).padStart(11)} ${node.padEnd(8)}   ${text()}`)
  }

  #number(value: number): void {
    this.#mix(Math.floor(value) | 0)
    this.#mix(Math.floor((value % 1) * 2 ** 31))
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193)
    this.#low = (Math.imul(this.#low, 31) + value) ^ (this.#high >>> 15)
  }
}
