/** What an operator does with etcd, by the JSON gateway of one member: no client library between. */
import { request } from 'node:http'
import { json } from 'node:stream/consumers'

export interface EtcdStatus {
  readonly memberId: string
  readonly leader: string
  readonly revision: number
  readonly raftIndex: number
  readonly raftAppliedIndex: number
  readonly dbSize: number
}

type Answer = Record<string, unknown>

const timeoutMsDefault = 5_000

export class EtcdApi {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** Of this member alone: answered without the others. */
  async status(timeoutMs = 1_000): Promise<EtcdStatus> {
    const answer = await this.#post('/v3/maintenance/status', {}, timeoutMs)
    const header = answer.header as Answer
    return {
      memberId: String(header.member_id),
      leader: String(answer.leader ?? '0'),
      revision: Number(header.revision ?? 0),
      raftIndex: Number(answer.raftIndex ?? 0),
      raftAppliedIndex: Number(answer.raftAppliedIndex ?? 0),
      dbSize: Number(answer.dbSize ?? 0),
    }
  }

  /** A linearizable read: answered only with a quorum. */
  async confirm(timeoutMs = 1_000): Promise<number> {
    const answer = await this.#post('/v3/kv/range', { key: base64('/nothing') }, timeoutMs)
    return Number((answer.header as Answer).revision)
  }

  async put(key: string, value: string | Buffer, timeoutMs = timeoutMsDefault): Promise<void> {
    await this.#post('/v3/kv/put', { key: base64(key), value: base64(value) }, timeoutMs)
  }

  /** @param revision as of when; 0: now */
  async get(key: string, revision = 0): Promise<Buffer | undefined> {
    const range = { key: base64(key), revision: String(revision) }
    const answer = await this.#post('/v3/kv/range', range)
    const [pair] = (answer.kvs ?? []) as { value?: string }[]
    return pair === undefined ? undefined : Buffer.from(pair.value ?? '', 'base64')
  }

  async countPrefix(prefix: string): Promise<number> {
    const range = { key: base64(prefix), range_end: base64(prefixEnd(prefix)), count_only: true }
    return Number((await this.#post('/v3/kv/range', range)).count ?? 0)
  }

  /** Resolves with its revision. */
  async delete(key: string): Promise<number> {
    const { header } = await this.#post('/v3/kv/deleterange', { key: base64(key) })
    return Number((header as Answer).revision)
  }

  async deletePrefix(prefix: string): Promise<void> {
    const range = { key: base64(prefix), range_end: base64(prefixEnd(prefix)) }
    await this.#post('/v3/kv/deleterange', range)
  }

  /** Everything before `revision` is forgotten; physical: returns after it was done on disk. */
  async compact(revision: number, physical = true): Promise<void> {
    await this.#post('/v3/kv/compaction', { revision: String(revision), physical }, 30_000)
  }

  async defragment(): Promise<void> {
    await this.#post('/v3/maintenance/defragment', {}, 60_000)
  }

  async moveLeader(memberId: string): Promise<void> {
    await this.#post('/v3/maintenance/transfer-leadership', { targetID: memberId })
  }

  async alarms(): Promise<{ memberID: string; alarm: string }[]> {
    const answer = await this.#post('/v3/maintenance/alarm', { action: 'GET' })
    return (answer.alarms ?? []) as { memberID: string; alarm: string }[]
  }

  /** Of every member that has raised one. */
  async disarm(): Promise<void> {
    for (const alarm of await this.alarms()) {
      await this.#post('/v3/maintenance/alarm', { action: 'DEACTIVATE', ...alarm })
    }
  }

  #post(path: string, body: object, timeoutMs = timeoutMsDefault): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify(body)
      const call = request({
        host: '127.0.0.1',
        port: this.#port,
        path,
        method: 'POST',
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      })
      call.once('error', reject)
      call.once('response', (response) => {
        json(response).then((answer) => {
          if (response.statusCode === 200) resolve(answer as Answer)
          else reject(new Error(`etcd answered ${response.statusCode}: ${JSON.stringify(answer)}`))
        }, reject)
      })
      call.end(text)
    })
  }
}

function base64(value: string | Buffer): string {
  return Buffer.from(value).toString('base64')
}

function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix)
  end[end.length - 1]! += 1
  return end
}
