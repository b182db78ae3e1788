/** Writers on the members of an ensemble that is being shot at: whatever breaks, each connects to another one and writes on. */
import { setTimeout as sleep } from 'node:timers/promises'

import { mulberry32 } from '../support/mulberry32.ts'
import { RawClient } from '../support/raw-client.ts'
import { OPEN_ACL, type RawAcl } from '../support/raw-codec.ts'

const ACLS: readonly (readonly RawAcl[])[] = [
  [{ perms: 31, scheme: 'world', id: 'anyone' }],
  [
    { perms: 31, scheme: 'world', id: 'anyone' },
    { perms: 1, scheme: 'digest', id: 'bob:xa8CYSDUPrXsrXPfmDNGJCzQrBU=' },
  ],
  [
    { perms: 31, scheme: 'world', id: 'anyone' },
    { perms: 5, scheme: 'ip', id: '10.0.0.0/8' },
  ],
]
const SEQUENTIAL = 2
const EPHEMERAL = 1
const WITH_TTL = 5
/** Requests in flight of one writer. */
const WINDOW = 16
/** Windows before a session ends and another begins. */
const WINDOWS = 12

/** Servers that may be down now and then. */
export interface LoadedServers {
  readonly members: readonly {
    readonly port: number
    readonly child: { readonly running: boolean }
  }[]
}

export class EnsembleLoad {
  /** Replies, failed ones too. */
  replies = 0
  readonly #ensemble: LoadedServers
  readonly #hasKinds: boolean
  readonly #pauseMs: number
  #isWanted = true
  readonly #writers: Promise<void>[]

  /** `hasKinds`: containers and TTLs. `pauseMs`: between the windows of a writer. */
  constructor(
    ensemble: LoadedServers,
    options: { writers: number; hasKinds: boolean; pauseMs: number; seed: number },
  ) {
    this.#ensemble = ensemble
    this.#hasKinds = options.hasKinds
    this.#pauseMs = options.pauseMs
    this.#writers = Array.from({ length: options.writers }, (_, at) =>
      this.#write(`/w${at}`, mulberry32(options.seed + at)),
    )
  }

  async end(): Promise<void> {
    this.#isWanted = false
    await Promise.all(this.#writers)
  }

  async #write(root: string, random: () => number): Promise<void> {
    while (this.#isWanted) {
      const running = this.#ensemble.members.filter(({ child }) => child.running)
      const member = running[Math.floor(random() * running.length)]
      if (member === undefined) {
        await sleep(50)
        continue
      }
      let client: RawClient | undefined
      try {
        client = await RawClient.connect({ port: member.port, timeoutMs: 4_000 })
        if (client.timeoutMs === 0) throw new Error('refused')
        await client.create(root)
        for (let left = WINDOWS; left > 0 && this.#isWanted; left--) {
          await Promise.all(Array.from({ length: WINDOW }, () => this.#one(client!, root, random)))
          await sleep(this.#pauseMs)
        }
        if (random() < 0.6) await client.close()
        // Or it is left to expire with its ephemerals.
        else client.destroy()
      } catch {
        client?.destroy()
        await sleep(50)
      }
    }
  }

  async #one(client: RawClient, root: string, random: () => number): Promise<void> {
    const path = `${root}/${Math.floor(random() * 200)}`
    const acl = ACLS[Math.floor(random() * ACLS.length)]!
    const data = Buffer.alloc(Math.floor(random() * 300), 'data')
    const kind = Math.floor(random() * 12)
    if (kind < 3) await client.create(path, { data, acl })
    else if (kind < 5) await client.setData(path, data)
    else if (kind < 6) await client.setAcl(path, acl)
    else if (kind < 8) await client.delete(path)
    else if (kind < 9) await client.create(`${root}/e-`, { flags: EPHEMERAL + SEQUENTIAL, data })
    else if (kind < 10) await client.create(`${path}/s-`, { flags: SEQUENTIAL, acl })
    else if (kind < 11) await this.#multi(client, path, random)
    else if (!this.#hasKinds) await client.setData(path, null)
    else if (random() < 0.5) await client.createTtl(`${path}-t`, 3_600_000, { flags: WITH_TTL })
    else await client.createContainer(`${path}-c`, { data })
    this.replies++
  }

  /** Half of them fail. */
  async #multi(client: RawClient, path: string, random: () => number): Promise<void> {
    const name = `${path}-m${Math.floor(random() * 50)}`
    await client.multi([
      { op: 1, path: name, data: 'm', acl: OPEN_ACL },
      { op: 5, path: name, data: 'n' },
      { op: 2, path: random() < 0.5 ? name : `${name}-missing` },
    ])
  }
}
