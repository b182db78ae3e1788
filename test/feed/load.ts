/** Clients that write through proxies, whichever of them lives. Neighbour: feed-run.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../support/raw-client.ts'
import { OPEN_ACL } from '../support/raw-codec.ts'

/** Requests in flight of one client. */
const WINDOW = 128
/** Children of one folder, then another one is begun. */
const FOLDER_MAX = 5_000

export class FeedLoad {
  #isOver = false
  /** Clients wait while this says so: a load that runs away from its consumer shows only that. */
  readonly #isAhead: () => boolean
  readonly #ports: readonly number[]
  readonly #running: Promise<void>[]

  constructor(ports: readonly number[], clients: number, isAhead: () => boolean) {
    this.#ports = ports
    this.#isAhead = isAhead
    this.#running = Array.from({ length: clients }, (_, index) => this.#run(index))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #run(index: number): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const port = this.#ports[(index + round) % this.#ports.length]!
      try {
        const client = await RawClient.connect({ port, timeoutMs: 10_000 })
        await this.#write(client, `/w${index}-${round}`)
        if (!client.closed) await client.close()
      } catch {
        // That proxy is being killed, or not there yet.
        await sleep(50)
      }
    }
  }

  /** Until the connection ends. What fails or is not answered is no matter here: the journal knows. */
  async #write(client: RawClient, name: string): Promise<void> {
    const acl = OPEN_ACL
    let waiting: Promise<unknown>[] = []
    let folder = ''
    const send = (request: Promise<unknown>) => void waiting.push(request.catch(() => {}))
    for (let n = 0; !client.closed && !this.#isOver; n++) {
      if (n % FOLDER_MAX === 0) {
        folder = `${name}-${n / FOLDER_MAX}`
        send(client.create(folder, { data: '', acl }))
        send(client.create(`${folder}-e`, { data: '', acl, flags: 1 }))
      }
      const path = `${folder}/${n}`
      send(client.create(path, { data: `c${n}`, acl }))
      send(client.setData(path, `value ${n} of ${name}`))
      send(client.setData(folder, `${n}`))
      send(
        client.multi([
          { op: 1, path: `${path}m`, data: 'm', acl },
          { op: 2, path: `${path}m`, version: -1 },
        ]),
      )
      if (n % 2 === 0) send(client.delete(path))
      if (waiting.length >= WINDOW) {
        await waiting[waiting.length >> 1]
        waiting = waiting.slice((waiting.length >> 1) + 1)
        client.transcript.length = 0
        while (this.#isAhead() && !client.closed && !this.#isOver) await sleep(5)
      }
    }
    await Promise.all(waiting)
  }
}
