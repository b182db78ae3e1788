/**
 * The data under one name as a handle knows it: its incarnation, and the newest revision seen. All
 * scripts are called through it. Neighbours: scripts.ts, link.ts, feed.ts.
 */
import { randomBytes } from 'node:crypto'
import { StoreError } from '../../lib/model/errors.ts'
import type { Revision } from '../../lib/store/types.ts'
import { FORMAT, keysOf } from './keys.ts'
import type { Arg, Commands } from './link.ts'
import { assertAccepted, type Reply, SCRIPTS, type Script } from './scripts.ts'

export class Dataset {
  readonly name: string
  readonly keys: readonly string[]
  /** Called when the server is behind a revision that it reported before. */
  onWentBack: () => void = () => {}
  #incarnation = ''
  /** The newest revision that the server has, as last reported, and the newest that it ever had. */
  #newest: Revision = 0
  #newestEver: Revision = 0

  constructor(name: string) {
    this.name = name
    this.keys = keysOf(name)
  }

  /**
   * Finds the data, or creates it.
   * @throws {StoreError} STORE_UNSUPPORTED when it is of a newer format, STORE_INTERNAL when it is
   * incomplete, STORE_UNAUTHENTICATED when this user may not run what the store needs
   */
  async open(commands: Commands): Promise<void> {
    const fresh = randomBytes(8).toString('hex')
    const reply = (await commands.script(SCRIPTS.open, this.keys, [fresh, FORMAT])) as Reply
    assertAccepted(reply, this.name)
    const [, revision, , format, incarnation] = reply
    if ((format as number) > FORMAT) {
      throw new StoreError(
        'STORE_UNSUPPORTED',
        `redis: the data named "${this.name}" is of format ${format}, this version knows ${FORMAT}: ` +
          'it was written by a newer anykeeper',
      )
    }
    this.#incarnation = String(incarnation)
    this.saw(revision as number)
  }

  /** Calls a script. Returns its reply without the leading 0: the server's revision first. */
  async call(commands: Commands, script: Script, ...args: Arg[]): Promise<Reply> {
    const knownBefore = this.#newest
    const given = [this.#incarnation, ...args]
    const reply = (await commands.script(script, this.keys, given)) as Reply
    assertAccepted(reply, this.name)
    const revision = reply[1] as number
    if (revision >= knownBefore) this.saw(revision)
    else if (revision < this.#newest) {
      this.#newest = revision
      this.onWentBack()
    }
    return reply.slice(1)
  }

  saw(revision: Revision): void {
    this.#newest = Math.max(this.#newest, revision)
    this.#newestEver = Math.max(this.#newestEver, revision)
  }

  /** The server had the revision once and has lost it. */
  isLost(revision: Revision): boolean {
    return revision > this.#newest && revision <= this.#newestEver
  }
}
