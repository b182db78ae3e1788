/**
 * etcd under the same kind of load, one call at a time: what a write costs before anykeeper has
 * anything to do with it. By etcd3's raw calls, as the adapter makes them. Neighbour: worker.
 */
import { CompareResult, CompareTarget, Etcd3 } from 'etcd3'
import { noPolicy } from '../../adapters/etcd/no-policy.ts'
import type { Target } from './link.ts'
import type { EtcdLoad } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'

const KEY = Buffer.from('/bench-etcd/value')
const HEAD = Buffer.from('/bench-etcd/head')
const JOURNAL = '/bench-etcd/j/'
/** About as long as the record with that name. */
const HEAD_BYTES = 60

export function etcdClient({ host, port }: Target): Etcd3 {
  return new Etcd3({
    hosts: [`${host}:${port}`],
    faultHandling: { global: noPolicy, host: () => noPolicy },
    grpcOptions: { 'grpc.max_receive_message_length': -1 },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + 30_000 }),
  })
}

export class EtcdRunner implements Runner {
  readonly #client: Etcd3
  readonly #recorder: Recorder
  readonly #call: EtcdLoad['call']
  readonly #value: Buffer
  readonly #head = Buffer.alloc(HEAD_BYTES, 'h')
  #version = 0
  #journal = 0
  #stopping = false
  #loop: Promise<void> | undefined

  constructor([target]: readonly Target[], load: EtcdLoad, recorder: Recorder) {
    this.#client = etcdClient(target!)
    this.#recorder = recorder
    this.#call = load.call
    this.#value = Buffer.alloc(load.valueBytes, 'x')
  }

  async open(): Promise<void> {
    const { kvs } = await this.#client.kv.range({ key: HEAD })
    this.#version = Number(kvs[0]?.version ?? 0)
    this.#journal = this.#version
  }

  go(): void {
    this.#loop = this.#run()
  }

  async finish(): Promise<void> {
    this.#stopping = true
    await this.#loop
  }

  async close(): Promise<void> {
    const client = this.#client
    await client.kv.deleteRange({
      key: Buffer.from(JOURNAL),
      range_end: Buffer.from(`${JOURNAL}~`),
    })
    client.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const startMs = performance.now()
      const good = this.#call === 'put' ? await this.#put() : await this.#txn()
      this.#recorder.done(good ? 0 : -1, performance.now() - startMs)
    }
  }

  async #put(): Promise<boolean> {
    await this.#client.kv.put({ key: KEY, value: this.#value })
    return true
  }

  async #txn(): Promise<boolean> {
    const { succeeded } = await this.#client.kv.txn({
      compare: [
        {
          result: CompareResult.Equal,
          target: CompareTarget.Version,
          key: HEAD,
          version: this.#version++,
        },
      ],
      success: [
        { request_put: { key: HEAD, value: this.#head } },
        { request_put: { key: Buffer.from(`${JOURNAL}${this.#journal++}`), value: this.#value } },
      ],
    })
    return succeeded
  }
}
