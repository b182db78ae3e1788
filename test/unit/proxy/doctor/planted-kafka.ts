/** A Kafka cluster's tree in memory, as Kafka 3.9.2 writes it, for the doctor to read. */
import { ZK_ERRORS, ZnodeError } from '../../../../lib/index.ts'
import type { SeenZnode, ZnodeSource } from '../../../../proxy/doctor/source.ts'

export const CLUSTER_ID = '47rz8dssQYOoPDbnRwddlw'

export class PlantedKafka implements ZnodeSource {
  readonly #nodes = new Map<string, { data: Uint8Array | null; owner: bigint; mzxid: number }>()
  readonly forbidden = new Set<string>()
  /** A KRaft controller lives: /migration is rewritten while the doctor waits. */
  isWritten = false
  waitedMs = 0
  #zxid = 1

  /** Brokers 1 to 3 in ZooKeeper mode, one topic with a partition on each. */
  static healthy(): PlantedKafka {
    const kafka = new PlantedKafka()
    for (const id of [1, 2, 3]) kafka.register(id)
    kafka.put('/cluster/id', { version: '1', id: CLUSTER_ID })
    kafka.controller({ brokerid: 1, kraftControllerEpoch: -1 }, 101n)
    kafka.put('/controller_epoch', '4')
    kafka.put('/feature', { features: {}, version: 2, status: 1 })
    kafka.topic('orders', { 0: [1, 2], 1: [2, 3], 2: [3, 1] })
    kafka.put('/config/brokers', null)
    kafka.put('/admin/delete_topics', null)
    return kafka
  }

  /** The same with a KRaft controller, 3000, that has claimed it. */
  static claimed(offset: number): PlantedKafka {
    const kafka = PlantedKafka.healthy()
    kafka.controller({ brokerid: 3000, kraftControllerEpoch: 2 }, 0n)
    kafka.migration({ kraft_controller_id: 3000, kraft_metadata_offset: offset })
    kafka.isWritten = true
    return kafka
  }

  put(path: string, value: unknown, owner = 0n): this {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const data = value === null ? null : Buffer.from(text)
    return this.putBytes(path, data, owner)
  }

  putBytes(path: string, data: Uint8Array | null, owner = 0n): this {
    for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      const parent = path.slice(0, end)
      if (!this.#nodes.has(parent)) this.putBytes(parent, null)
    }
    this.#nodes.set(path, { data, owner, mzxid: this.#zxid++ })
    return this
  }

  remove(path: string): this {
    for (const one of [...this.#nodes.keys()]) {
      if (one === path || one.startsWith(`${path}/`)) this.#nodes.delete(one)
    }
    return this
  }

  register(id: number, version = 5): this {
    const registration = { features: {}, host: 'h', port: 9092, jmx_port: -1, version }
    return this.put(`/brokers/ids/${id}`, registration, BigInt(100 + id))
  }

  controller(fields: object, owner: bigint): this {
    return this.put('/controller', { version: 2, timestamp: '1', ...fields }, owner)
  }

  migration(fields: object = {}): this {
    return this.put('/migration', {
      version: 0,
      kraft_metadata_offset: -1,
      kraft_controller_id: -1,
      kraft_metadata_epoch: -1,
      kraft_controller_epoch: -1,
      ...fields,
    })
  }

  topic(name: string, partitions: Record<number, number[]>, controllerEpoch = 4): this {
    this.put(`/brokers/topics/${name}`, { version: 3, partitions })
    for (const [partition, replicas] of Object.entries(partitions)) {
      this.put(`/brokers/topics/${name}/partitions/${partition}/state`, {
        ...{ controller_epoch: controllerEpoch, version: 1, leader_epoch: 0 },
        ...{ leader: replicas[0], isr: replicas },
      })
    }
    return this
  }

  async read(path: string): Promise<SeenZnode | undefined> {
    this.#check(path)
    const node = this.#nodes.get(path)
    return node && { data: node.data, ephemeralOwner: node.owner, mzxid: node.mzxid }
  }

  async children(path: string): Promise<readonly string[] | undefined> {
    this.#check(path)
    if (path !== '/' && !this.#nodes.has(path)) return undefined
    const start = path === '/' ? '/' : `${path}/`
    return [...this.#nodes.keys()]
      .filter((one) => one.startsWith(start) && !one.slice(start.length).includes('/'))
      .map((one) => one.slice(start.length))
  }

  async refresh(): Promise<void> {}

  async wait(ms: number): Promise<void> {
    this.waitedMs += ms
    const node = this.#nodes.get('/migration')
    if (this.isWritten && node !== undefined) node.mzxid = this.#zxid++
  }

  #check(path: string): void {
    if (this.forbidden.has(path)) throw new ZnodeError(ZK_ERRORS.NO_AUTH.errno, path)
  }
}
