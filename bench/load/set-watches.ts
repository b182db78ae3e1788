/**
 * A client that comes back with many watches: a session is opened, all its watches are set again by
 * setWatches in packets as ZooKeeper's client makes them, the session is closed. An operation is all
 * of the watches; its latency ends with the last answer, before the close. Neighbour: link.
 */
import { Link, type Target } from './link.ts'
import type { SetWatchesLoad } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'
import { setWatches } from './wire.ts'

/** Bytes of paths in a packet. Source: SET_WATCHES_MAX_LENGTH of ClientCnxn. */
const PACKET_BYTES = 128 * 1024
/** Nothing has changed since then. */
const ZXID = 2 ** 52

export class SetWatchesRunner implements Runner {
  readonly #target: Target
  readonly #recorder: Recorder
  readonly #packets: readonly Buffer[]
  #stopping = false
  #loop: Promise<void> | undefined

  constructor([target]: readonly Target[], load: SetWatchesLoad, recorder: Recorder) {
    this.#target = target!
    this.#recorder = recorder
    this.#packets = toPackets(load.paths())
  }

  async open(): Promise<void> {}

  go(): void {
    this.#loop = this.#run()
  }

  async finish(): Promise<void> {
    this.#stopping = true
    await this.#loop
  }

  async close(): Promise<void> {}

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const startMs = performance.now()
      const errno = await this.#once()
      this.#recorder.done(errno, performance.now() - startMs)
    }
  }

  async #once(): Promise<number> {
    let worst = 0
    let done!: () => void
    const answered = new Promise<void>((resolve) => {
      done = resolve
    })
    const link = new Link(this.#target, 0, {
      replied: ({ outstanding }, errno) => {
        worst = Math.min(worst, errno)
        if (outstanding === 0) done()
      },
      event() {},
    })
    await link.opened
    for (const packet of this.#packets) link.put(packet)
    link.flush()
    await answered
    await link.close()
    return worst
  }
}

function toPackets(paths: readonly string[]): Buffer[] {
  const packets: Buffer[] = []
  let part: string[] = []
  let bytes = 0
  for (const path of paths) {
    part.push(path)
    bytes += 4 + Buffer.byteLength(path)
    if (bytes < PACKET_BYTES) continue
    packets.push(setWatches(ZXID, part))
    part = []
    bytes = 0
  }
  return part.length === 0 ? packets : [...packets, setWatches(ZXID, part)]
}
