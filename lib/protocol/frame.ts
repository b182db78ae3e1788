/**
 * Chunks of a socket in, whole frames out: int32 length, then that many bytes. Knows nothing of
 * what is in them; the connection reads them with jute/ and wire/. For those that forward frames,
 * also the way back: a body behind its length, and single frames.
 */

import { WireError } from '../model/errors.ts'
import { JuteWriter } from './jute/writer.ts'

/** A frame's body is `buffer[start, end)`: valid during the call only as far as the receiver does
 *  not write to it; nothing is copied unless the frame was split over chunks. */
export type FrameHandler = (buffer: Buffer, start: number, end: number) => void

export interface FrameSplitterOptions {
  /** Longest body accepted, in bytes. ZooKeeper's jute.maxbuffer: 1,048,575 by default, and a body
   *  of exactly that many bytes passes. */
  readonly frameBytesMax: number
  readonly onFrame: FrameHandler
}

/** First room given to a split frame: grows as bytes arrive, so that a length alone costs nothing. */
const PARTIAL_BYTES_MIN = 4096

const LENGTH_BYTES = 4

/** A copy of `body` behind its length. */
export function framed(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.length)
  frame.writeInt32BE(body.length)
  frame.set(body, LENGTH_BYTES)
  return frame
}

/** What `encode` appends, by itself: a frame, its length included. */
export function frameOf(encode: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  encode(writer)
  return writer.take() ?? Buffer.alloc(0)
}

/** The same without the frame's length. */
export function bodyOf(encode: (writer: JuteWriter) => void): Buffer {
  return frameOf(encode).subarray(LENGTH_BYTES)
}

export class FrameSplitter {
  /** As in the options; what is read from now on is held against it. */
  frameBytesMax: number
  private readonly onFrame: FrameHandler
  private stopped = false
  /** The length's bytes so far, and how many of them. */
  private header = 0
  private headerBytes = 0
  /** The body's bytes so far, when a frame is split over chunks. */
  private partial: Buffer | undefined
  private partialBytes = 0

  constructor(options: FrameSplitterOptions) {
    this.frameBytesMax = options.frameBytesMax
    this.onFrame = options.onFrame
  }

  /** The last length read, also a refused one: before the handshake its four bytes may be a
   *  four-letter word, e.g. 0x72756f6b for `ruok`. */
  get lastLength(): number {
    return this.header
  }

  /** No frame is handed out any more, not even one already received. */
  stop(): void {
    this.stopped = true
    this.partial = undefined
  }

  /** Takes the socket's next bytes and hands out each frame they complete, in order.
   *  @throws {WireError} on a length below 0 or above the limit; the splitter is then stopped. */
  push(chunk: Buffer): void {
    let at = 0
    const end = chunk.length
    while (at < end && !this.stopped) {
      if (this.headerBytes < 4) {
        at = this.readHeader(chunk, at)
        if (this.headerBytes < 4) continue
      }
      const length = this.header
      if (this.partial === undefined && end - at >= length) {
        this.headerBytes = 0
        const start = at
        at += length
        this.onFrame(chunk, start, at)
      } else {
        at = this.collect(chunk, at, length)
      }
    }
  }

  private readHeader(chunk: Buffer, from: number): number {
    let at = from
    if (this.headerBytes === 0 && chunk.length - at >= 4) {
      this.header =
        (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!
      this.headerBytes = 4
      at += 4
    } else {
      while (at < chunk.length && this.headerBytes < 4) {
        this.header = (this.header << 8) | chunk[at++]!
        this.headerBytes++
      }
      if (this.headerBytes < 4) return at
    }
    const length = this.header
    if (length < 0 || length > this.frameBytesMax) {
      this.stop()
      throw new WireError(`frame of ${length} bytes, at most ${this.frameBytesMax} are accepted`)
    }
    // An empty frame has no further byte to wait for.
    if (length === 0) {
      this.headerBytes = 0
      this.onFrame(chunk, at, at)
    }
    return at
  }

  private collect(chunk: Buffer, from: number, length: number): number {
    const to = Math.min(chunk.length, from + (length - this.partialBytes))
    const partial = this.partialWithRoom(this.partialBytes + (to - from), length)
    chunk.copy(partial, this.partialBytes, from, to)
    this.partialBytes += to - from
    if (this.partialBytes === length) {
      this.partial = undefined
      this.partialBytes = 0
      this.headerBytes = 0
      this.onFrame(partial, 0, length)
    }
    return to
  }

  private partialWithRoom(bytes: number, length: number): Buffer {
    const old = this.partial
    if (old !== undefined && old.length >= bytes) return old
    const doubled = Math.max(bytes, PARTIAL_BYTES_MIN, (old?.length ?? 0) * 2)
    const grown = Buffer.allocUnsafeSlow(Math.min(length, doubled))
    if (old !== undefined) old.copy(grown, 0, 0, this.partialBytes)
    this.partial = grown
    return grown
  }
}
