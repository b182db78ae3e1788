/**
 * Whole lines to a descriptor, in the background and in their order. Whoever writes never waits: a place that takes nothing costs
 * lines, which are counted. Line: the audit log, the log of a process → here.
 */
import { close, fstatSync, write, writeSync } from 'node:fs'
import type { Clock } from './clock.ts'
import { Fifo } from './fifo.ts'

/** What the place does; lines are never repeated here. */
export interface LineWriterEvents {
  /** It took nothing, for this reason. Called with each try. */
  failed(error: Error): void
  /** It took something. */
  wrote(): void
  /** So many lines are lost: too many waited, nobody reads them any more, or there was no time at the end. */
  dropped(lines: number): void
}

export interface LineWriterOptions {
  /** It is owned from now on, but for those of the process (0 to 2). */
  readonly fd: number
  /** Bytes that wait to be written; a line that would be above it is dropped. A single line may be as large. */
  readonly bufferBytesMax: number
  readonly clock: Clock
  readonly events: LineWriterEvents
}

interface Line {
  readonly text: string
  readonly bytes: number
}

/** What is being written. */
interface Chunk {
  readonly bytes: Buffer
  /** So many bytes are written. */
  at: number
}

/** Bytes of one write to a file. */
const CHUNK_BYTES = 64 * 1024
/** A pipe takes so many as one, or none of them: lines of others cannot come between (POSIX, PIPE_BUF of Linux). */
const PIPE_BYTES = 4096
/** Between two tries of a write that failed, ms. */
const RETRY_MS = 1_000
/** The same where the reader of a pipe is only slow. */
const FULL_PIPE_MS = 50
/** The process ends: how long the reader of a pipe is waited for then, ms. */
const LAST_MS = 500
const SLEEP_MS = 10
const LINE_FEED = 0x0a
const SLEEP = new Int32Array(new SharedArrayBuffer(4))

const isPipe = (fd: number): boolean => {
  const found = fstatSync(fd)
  return found.isFIFO() || found.isSocket()
}
const isFull = ({ code }: NodeJS.ErrnoException): boolean => code === 'EAGAIN' || code === 'EBUSY'

export class LineWriter {
  readonly #options: LineWriterOptions
  #fd: number
  #chunkBytes: number
  /** Takes the place of `fd` as soon as no write is in progress. */
  #next: number | undefined
  #waiting = new Fifo<Line>()
  #chunk: Chunk | undefined
  /** All that waits, the chunk included. */
  #bytes = 0
  #isWriting = false
  #isHeld = false
  #cancelRetry: (() => void) | undefined
  #isClosed = false
  #onIdle: (() => void) | undefined

  /** @throws {Error} the descriptor is not open */
  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#fd = options.fd
    this.#chunkBytes = isPipe(options.fd) ? PIPE_BYTES : CHUNK_BYTES
  }

  get fd(): number {
    return this.#fd
  }

  /** `text` ends with its line feed. False: it is lost, and was not said. */
  write(text: string): boolean {
    if (this.#isClosed) return false
    const bytes = Buffer.byteLength(text)
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.bufferBytesMax) {
      this.#options.events.dropped(1)
      return false
    }
    this.#bytes += bytes
    this.#waiting.push({ text, bytes })
    this.#pump()
    return true
  }

  /** What is not being written yet waits for `moveTo` or `stay`. */
  hold(): void {
    this.#isHeld = true
  }

  /** There is no other descriptor. */
  stay(): void {
    this.#isHeld = false
    this.#pump()
  }

  /** What is not being written yet goes to another descriptor, and this one is closed. */
  moveTo(fd: number): void {
    this.#isHeld = false
    if (this.#isClosed && this.#onIdle === undefined) return closeQuietly(fd)
    if (this.#next !== undefined) closeQuietly(this.#next)
    this.#next = fd
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#pump()
  }

  /** Writes the pending lines, for at most `drainMs`; idempotent. What is left then is lost. */
  async close(drainMs: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#bytes > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(drainMs, resolve)
        this.#onIdle = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#cancelRetry?.()
    this.#onIdle = undefined
    this.#dropAll()
    if (this.#next !== undefined) closeQuietly(this.#next)
    if (!this.#isWriting) closeQuietly(this.#fd)
  }

  /** The process ends now: writes what it can, and holds the thread for half a second at most. */
  writeLast(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const chunk = this.#isWriting ? undefined : this.#chunk
    const rest = chunk === undefined ? [] : [chunk.bytes.subarray(chunk.at)]
    const untilMs = performance.now() + LAST_MS
    for (const { text } of this.#waiting) rest.push(Buffer.from(text))
    for (const part of rest) if (!writeWhole(this.#fd, part, untilMs)) return
  }

  #pump(): void {
    if (this.#isWriting || this.#cancelRetry !== undefined) return
    if (this.#next !== undefined) this.#move(this.#next)
    if (this.#chunk === undefined) {
      if (this.#isHeld) return
      this.#chunk = this.#take()
      if (this.#chunk === undefined) return this.#onIdle?.()
    }
    const { bytes, at } = this.#chunk
    this.#isWriting = true
    write(this.#fd, bytes, at, bytes.length - at, null, (error, count) => {
      this.#isWriting = false
      if (error === null) this.#wrote(count)
      else this.#failed(error)
    })
  }

  #take(): Chunk | undefined {
    let text = ''
    let bytes = 0
    for (let line = this.#waiting.first; line !== undefined; line = this.#waiting.first) {
      if (bytes > 0 && bytes + line.bytes > this.#chunkBytes) break
      text += line.text
      bytes += line.bytes
      this.#waiting.shift()
    }
    return bytes === 0 ? undefined : { bytes: Buffer.from(text), at: 0 }
  }

  #wrote(count: number): void {
    const chunk = this.#chunk
    // It was given up at the end.
    if (chunk === undefined) return closeQuietly(this.#fd)
    chunk.at += count
    this.#bytes -= count
    if (chunk.at === chunk.bytes.length) this.#chunk = undefined
    this.#options.events.wrote()
    this.#pump()
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#chunk === undefined) return closeQuietly(this.#fd)
    if (!isFull(error)) this.#options.events.failed(error)
    // Who has read it has ended: nobody is going to read the pending lines.
    if (error.code === 'EPIPE') {
      this.#dropAll()
      this.#onIdle?.()
      return
    }
    this.#cancelRetry = this.#options.clock.after(isFull(error) ? FULL_PIPE_MS : RETRY_MS, () => {
      this.#cancelRetry = undefined
      this.#pump()
    })
  }

  #move(fd: number): void {
    const chunk = this.#chunk
    if (chunk !== undefined) {
      // What is torn where it was begins again where it is whole.
      const lineAt = chunk.bytes.subarray(0, chunk.at).lastIndexOf(LINE_FEED) + 1
      this.#bytes += chunk.at - lineAt
      chunk.at = lineAt
    }
    closeQuietly(this.#fd)
    this.#fd = fd
    this.#next = undefined
    this.#chunkBytes = isPipe(fd) ? PIPE_BYTES : CHUNK_BYTES
  }

  #dropAll(): void {
    const lines = this.#waiting.length + (this.#chunk === undefined ? 0 : linesLeft(this.#chunk))
    this.#waiting = new Fifo()
    this.#chunk = undefined
    this.#bytes = 0
    if (lines > 0) this.#options.events.dropped(lines)
  }
}

function linesLeft({ bytes, at }: Chunk): number {
  let lines = 0
  for (let i = bytes.indexOf(LINE_FEED, at); i >= 0; i = bytes.indexOf(LINE_FEED, i + 1)) lines++
  return lines
}

/** False: it cannot be written, or not in time. */
function writeWhole(fd: number, bytes: Buffer, untilMs: number): boolean {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if (!isFull(error as NodeJS.ErrnoException) || performance.now() > untilMs) return false
      Atomics.wait(SLEEP, 0, 0, SLEEP_MS)
    }
  }
  return true
}

/** Those of the process stay open. What it did not write, it has said. */
function closeQuietly(fd: number): void {
  if (fd > 2) close(fd, () => {})
}
