/** Reads and writes registers: set, set with a version, read, read behind a sync. */
import type { RegisterCall } from '../checks/register-check.ts'
import { errors, Role, type RoleOptions } from './role.ts'

export class RegisterRole extends Role {
  readonly #writes: boolean
  #generation = 0
  /** Versions that this session has seen. */
  #seen = new Map<string, number>()

  constructor(options: RoleOptions & { writes: boolean }) {
    super(options)
    this.#writes = options.writes
  }

  override get isWriter(): boolean {
    return this.#writes
  }

  protected async step(): Promise<void> {
    await this.client.ready()
    if (this.client.generation !== this.#generation) {
      this.#generation = this.client.generation
      this.#seen = new Map()
    }
    const { registers } = this.context
    const path = registers.paths[this.random(registers.paths.length)]!
    const dice = this.random(10)
    if (this.#writes && dice < 6) return this.#write(path, dice < 2)
    return this.#read(path, dice < 8)
  }

  async #write(path: string, withVersion: boolean): Promise<void> {
    const { registers } = this.context
    const value = this.nextId()
    const process = this.client.name
    const expected = withVersion ? this.#seen.get(path) : undefined
    const call = registers.call(path)
    const outcome = { process, value, expected }
    const record = { path, data: value, version: expected ?? -1 }
    const reply = await this.ask(5, record, this.#generation)
    if (reply === undefined) registers.unknown(call, outcome)
    else if (reply.err === errors.BAD_VERSION) {
      registers.refused(call, outcome)
      // So that the next one has a chance.
      this.#seen.delete(path)
    } else if (reply.err === errors.NO_NODE) {
      registers.refused(call, outcome)
      this.context.witness.violation('a register is gone', `${process}: ${path}`)
    } else {
      const { version } = reply.record.stat!
      registers.written(call, { ...outcome, version })
      this.#saw(call, version)
      this.acknowledged()
    }
  }

  async #read(path: string, isSynced: boolean): Promise<void> {
    const { registers, witness } = this.context
    const call = registers.call(path)
    const generation = this.#generation
    const { connection } = this.client
    const synced = isSynced ? this.client.callNow(9, { path }, connection) : undefined
    const asked = this.client.callNow(4, { path }, connection)
    const [sync, reply] = await Promise.allSettled([synced, asked])
    if (reply.status !== 'fulfilled' || sync.status !== 'fulfilled') return
    if (reply.value.err !== 0) {
      if (reply.value.err === errors.NO_NODE) {
        witness.violation('a register is gone', `${this.client.name}: ${path}`)
      } else witness.error(reply.value.err)
      return
    }
    if (sync.value !== undefined && sync.value.err !== 0) {
      witness.error(sync.value.err)
      return
    }
    if (generation !== this.#generation) return
    const { data, stat } = reply.value.record
    registers.read(call, {
      process: this.client.name,
      value: data?.toString() ?? '',
      version: stat!.version,
      isSynced,
      seen: this.#seen,
    })
  }

  #saw({ path }: RegisterCall, version: number): void {
    this.#seen.set(path, Math.max(version, this.#seen.get(path) ?? -1))
  }
}
