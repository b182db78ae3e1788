/**
 * Where a command writes: results to stdout, everything else to stderr. For a terminal as wide as it is and with colours;
 * for a pipe stable, without them. Neighbours: layout, printable.
 */
import { onAbort, Turns } from '../../lib/internal.ts'
import { printable, printableJson } from './printable.ts'

/** What of process.stdout and process.stderr is used. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

export interface OutputOptions {
  readonly stdout?: Stream
  readonly stderr?: Stream
  /** Results as JSON. @default false */
  readonly isJson?: boolean
  readonly env?: NodeJS.ProcessEnv
  /** Aborted: nothing more is written, and a write that waits for its reader is given up, both with the reason. */
  readonly signal?: AbortSignal
}

const COLUMNS_DEFAULT = 80
/** Lines are collected up to so many characters. */
const CHUNK_LENGTH = 64 * 1024

const CODES = { bold: 1, dim: 2, red: 31, yellow: 33, cyan: 36 } as const
export type Colour = keyof typeof CODES

/** Neither wanted nor possible everywhere. Source: no-color.org. */
function hasColours({ isTTY }: Stream, { NO_COLOR = '', TERM }: NodeJS.ProcessEnv): boolean {
  return isTTY === true && NO_COLOR === '' && TERM !== 'dumb'
}

export class Output {
  readonly isJson: boolean
  /** Are the results for a person at a terminal? */
  readonly isTerminal: boolean
  readonly #stdout: Stream
  readonly #stderr: Stream
  readonly #hasColours: boolean
  readonly #signal: AbortSignal | undefined
  readonly #turns = new Turns()
  #pending = ''

  constructor(options: OutputOptions = {}) {
    const { stdout = process.stdout, stderr = process.stderr, env = process.env } = options
    this.isJson = options.isJson === true
    this.#stdout = stdout
    this.#stderr = stderr
    this.isTerminal = stdout.isTTY === true
    this.#hasColours = hasColours(stdout, env)
    this.#signal = options.signal
  }

  /** The same streams, with or without JSON, until the signal. */
  with(isJson: boolean, signal: AbortSignal): Output {
    return new Output({ stdout: this.#stdout, stderr: this.#stderr, isJson, signal })
  }

  /** Columns of the terminal, as they are now. */
  get width(): number {
    return this.#stdout.columns || COLUMNS_DEFAULT
  }

  colour(text: string, colour: Colour): string {
    return this.#hasColours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text
  }

  /** A line of results that is printable. Resolves when the stream takes more. */
  async line(text: string): Promise<void> {
    this.#pending += `${text}\n`
    if (this.isTerminal || this.#pending.length >= CHUNK_LENGTH) await this.flush()
  }

  async lines(texts: Iterable<string>): Promise<void> {
    for (const text of texts) await this.line(text)
  }

  /** One JSON value on one line: any text in it is escaped where a terminal would obey it. */
  async json(value: unknown): Promise<void> {
    const text = JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? hex(one) : one))
    await this.line(printableJson(text))
  }

  /** Text of this program, such as a help. */
  paragraph(text: string): void {
    this.#pending += text
  }

  /** Bytes, exactly. */
  async bytes(bytes: Uint8Array): Promise<void> {
    await this.flush()
    await this.#write(bytes)
  }

  /** Before the command ends. */
  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '') await this.#write(text)
  }

  async #write(chunk: string | Uint8Array): Promise<void> {
    this.#signal?.throwIfAborted()
    await this.#turns.take()
    await written(this.#stdout, chunk, this.#signal)
  }

  /** A sentence for a person, which is no result. */
  say(text: string): void {
    this.#stderr.write(`${printable(text)}\n`)
  }
}

/** As servers write ids. */
export const hex = (id: bigint | number): string =>
  `0x${(typeof id === 'bigint' ? BigInt.asUintN(64, id) : id).toString(16)}`

function written(
  stream: Stream,
  chunk: string | Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = signal === undefined ? () => {} : onAbort(signal, () => reject(signal.reason))
    stream.write(chunk, (error) => {
      forget()
      if (error == null) resolve()
      else reject(error)
    })
  })
}
