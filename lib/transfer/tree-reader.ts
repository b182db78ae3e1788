/**
 * Reads an exported tree line by line and validates it as a whole: order, parents, owners, counts
 * and digest. A caller that reads to the end has read exactly what was exported. Memory: one line,
 * the path down to the current znode, and the sessions' ids.
 * Line: bytes → lines.ts → parse.ts → here → import.ts.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { CopyError } from '../model/errors.ts'
import { nameOf, parentOf } from '../model/path.ts'
import { sessionText, type TreeHeader, type TreeSession, type TreeTrailer } from './format.ts'
import { splitLines } from './lines.ts'
import { LineProblem, parseLine, type TreeLine, type TreeZnode } from './parse.ts'

/** Bytes of an exported tree, cut anywhere: a file stream, a list of buffers. */
export type TreeInput = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A place between two lines: everything up to and including `line` is behind it. */
export interface TreePosition {
  readonly line: number
  /** SHA-256 of the lines behind it, hex. */
  readonly sha256: string
}

/** One znode of the path down from the root. */
interface Step {
  readonly path: string
  readonly isEphemeral: boolean
  lastChild: string | undefined
}

/** Every line of the input in turn. Invalid input ends the iteration with a CopyError. */
export class TreeReader {
  readonly #input: TreeInput
  readonly #hash = createHash('sha256')
  /** The current line, not hashed yet. */
  #bytes: Buffer | undefined
  #line = 0
  #header: TreeHeader | undefined
  readonly #sessions = new Set<bigint>()
  /** Ids are signed: the smallest one is above this. */
  #lastSession = -(2n ** 63n) - 1n
  #znodes = 0
  readonly #way: Step[] = []
  #trailer: TreeLine | undefined

  constructor(input: TreeInput) {
    this.#input = input
  }

  /** The line that was read last; the first one is 1. */
  get line(): number {
    return this.#line
  }
  get sessionCount(): number {
    return this.#sessions.size
  }
  get znodeCount(): number {
    return this.#znodes
  }

  /** Where the line that was read last begins. */
  get position(): TreePosition {
    return { line: this.#line - 1, sha256: this.#hash.copy().digest('hex') }
  }

  /**
   * @throws {CopyError} COPY_MALFORMED: not an export, damaged, or cut short; COPY_UNSUPPORTED
   */
  async *lines(): AsyncGenerator<TreeLine> {
    for await (const { bytes, complete } of splitLines(this.#input)) {
      if (this.#bytes !== undefined) this.#hash.update(this.#bytes).update('\n')
      this.#bytes = bytes
      this.#line++
      if (this.#trailer !== undefined) throw this.#bad('something follows the last line')
      const line = this.#parse(bytes, complete)
      this.#judge(line)
      // The trailer is yielded only once nothing follows it.
      if (line.kind === 'trailer') this.#trailer = line
      else yield line
    }
    if (this.#trailer === undefined) throw this.#cutShort()
    yield this.#trailer
  }

  #parse(bytes: Buffer, complete: boolean): TreeLine {
    if (this.#line === 1) this.#checkFirst(bytes)
    try {
      if (!isUtf8(bytes)) throw new LineProblem('it is not UTF-8')
      return parseLine(bytes.toString())
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error
      throw this.#bad(complete ? error.message : 'the file ends in the middle of it')
    }
  }

  #checkFirst(bytes: Buffer): void {
    if (!bytes.subarray(0, 256).includes('"format"')) {
      throw this.#bad('this is no export of anykeeper: it does not begin with a header')
    }
    if (bytes.at(-1) === 13) {
      throw this.#bad('its line ends were changed to CRLF: copy the file as it is')
    }
  }

  #judge(line: TreeLine): void {
    if ((line.kind === 'header') !== (this.#line === 1)) {
      throw this.#bad('the header is the first line, and no other')
    }
    switch (line.kind) {
      case 'header':
        this.#header = line.header
        return
      case 'session':
        return this.#judgeSession(line.session)
      case 'znode':
        return this.#judgeZnode(line)
      case 'trailer':
        return this.#judgeTrailer(line.trailer)
    }
  }

  #judgeSession({ id }: TreeSession): void {
    if (this.#znodes > 0) throw this.#bad('sessions come before znodes')
    if (id <= this.#lastSession)
      throw this.#bad('sessions are in the order of their ids, once each')
    this.#lastSession = id
    this.#sessions.add(id)
  }

  #judgeZnode({ path, node }: TreeZnode): void {
    const { zxid } = this.#header as TreeHeader
    if (Math.max(node.czxid, node.mzxid, node.pzxid) > zxid) {
      throw this.#bad(`${path} has a zxid above the header's`)
    }
    if (node.ephemeralOwner !== 0n && !this.#sessions.has(node.ephemeralOwner)) {
      throw this.#bad(`the owner of ${path}, ${sessionText(node.ephemeralOwner)}, is not listed`)
    }
    this.#descend(path, node.ephemeralOwner !== 0n)
    this.#znodes++
  }

  /** Depth first, siblings in byte order: so parents come before, and nothing twice. */
  #descend(path: string, isEphemeral: boolean): void {
    const way = this.#way
    if (path !== '/') {
      const parentPath = parentOf(path)
      while (way.length > 0 && way.at(-1)?.path !== parentPath) way.pop()
      const parent = way.at(-1)
      if (parent === undefined) throw this.#bad(`the parent of ${path} is not where it should be`)
      if (parent.isEphemeral) throw this.#bad(`the parent of ${path} is ephemeral`)
      const name = nameOf(path)
      // Legal names have no surrogates, so UTF-16 order is the order of bytes.
      if (parent.lastChild !== undefined && name <= parent.lastChild) {
        throw this.#bad(`${path} is out of order, or there twice`)
      }
      parent.lastChild = name
    } else if (this.#znodes > 0) throw this.#bad('/ is the first znode')
    way.push({ path, isEphemeral, lastChild: undefined })
  }

  #judgeTrailer({ sessions, znodes, sha256 }: TreeTrailer): void {
    const counted = `${this.#znodes} znodes and ${this.#sessions.size} sessions`
    const header = this.#header as TreeHeader
    if (this.#znodes === 0) throw this.#bad('there is no znode before it')
    for (const said of [header, { sessions, znodes }]) {
      if (said.znodes === this.#znodes && said.sessions === this.#sessions.size) continue
      throw this.#bad(
        `${counted} came, ${said.znodes} and ${said.sessions} were exported: lines are missing`,
      )
    }
    if (sha256 !== this.position.sha256) {
      throw this.#bad('the digest is another one: the file was changed after it was exported')
    }
  }

  #bad(what: string): CopyError {
    return new CopyError('COPY_MALFORMED', what, { line: this.#line })
  }

  #cutShort(): CopyError {
    if (this.#line === 0) return new CopyError('COPY_MALFORMED', 'the input is empty')
    return new CopyError(
      'COPY_MALFORMED',
      `the input ends after line ${this.#line}, without its last line: it was cut short`,
    )
  }
}
