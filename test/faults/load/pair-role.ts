/** Multis: two znodes set or created together, or not at all; read together and one by one. */
import type { RawMultiOp, RawMultiResult } from '../../support/raw-codec.ts'
import { Role } from './role.ts'

export class PairRole extends Role {
  protected async step(): Promise<void> {
    const dice = this.random(10)
    if (dice < 4) return this.#set()
    if (dice < 6) return this.#create()
    if (dice < 7) return this.#refused()
    if (dice < 9) return this.#read()
    return this.#readApart()
  }

  #pair(): [string, string] {
    const { pairs } = this.context
    const folder = pairs[this.random(pairs.length)]!
    return [`${folder}/a`, `${folder}/b`]
  }

  async #set(): Promise<void> {
    const data = this.nextId()
    const ops: RawMultiOp[] = this.#pair().map((path) => ({ op: 5, path, data }))
    const reply = await this.ask(14, { ops })
    if (reply === undefined) return
    const [a, b] = reply.record.results ?? []
    if (!isGood(a) || !isGood(b)) return this.#bad('wrong answer', `multi of sets: ${reply.err}`)
    this.acknowledged()
    const [versionA, versionB] = [a.record.stat!.version, b.record.stat!.version]
    if (versionA !== versionB) this.#bad('torn multi', `set as versions ${versionA}, ${versionB}`)
  }

  async #create(): Promise<void> {
    const { folder, check } = this.context.chapter
    const ids = [this.nextId(), this.nextId()] as const
    const paths = ids.map((id) => `${folder}/m/${id}`)
    const ops: RawMultiOp[] = ids.map((id, index) => ({ op: 1, path: paths[index]!, data: id }))
    const reply = await this.ask(14, { ops })
    const results = reply?.record.results ?? []
    const isAcked = results.length === 2 && results.every(isGood)
    if (reply !== undefined && !isAcked) return this.#bad('wrong answer', 'multi of creates')
    for (const [index, id] of ids.entries()) {
      check.note(id, isAcked ? 'acked' : 'unknown', paths[index])
    }
    check.twins(...ids)
    if (isAcked) this.acknowledged()
  }

  /** The check at its end fails, so the create before it must not be seen. */
  async #refused(): Promise<void> {
    const { folder, check } = this.context.chapter
    const id = this.nextId()
    const [path] = this.#pair()
    const reply = await this.ask(14, {
      ops: [
        { op: 1, path: `${folder}/m/${id}`, data: id },
        { op: 13, path, version: 0x7ffffff0 },
      ],
    })
    check.note(id, 'refused')
    if (reply !== undefined && (reply.record.results ?? []).some(isGood)) {
      this.#bad('wrong answer', `a multi with a check that fails: ${reply.err}`)
    }
  }

  async #read(): Promise<void> {
    const ops: RawMultiOp[] = this.#pair().map((path) => ({ op: 4, path }))
    const reply = await this.ask(22, { ops })
    if (reply === undefined) return
    const [a, b] = reply.record.results ?? []
    if (!isGood(a) || !isGood(b)) return this.#bad('wrong answer', `multiRead: ${reply.err}`)
    const [seenA, seenB] = [shown(a), shown(b)]
    if (seenA !== seenB) this.#bad('torn multi', `read together: ${seenA} and ${seenB}`)
  }

  /** b is read after a on one connection, so it is at least as new. */
  async #readApart(): Promise<void> {
    const [pathA, pathB] = this.#pair()
    await this.client.ready()
    const { connection } = this.client
    const replies = await Promise.allSettled([
      this.client.callNow(4, { path: pathA }, connection),
      this.client.callNow(4, { path: pathB }, connection),
    ])
    const [a, b] = replies.map((reply) =>
      reply.status === 'fulfilled' ? reply.value.record.stat?.version : undefined,
    )
    if (a !== undefined && b !== undefined && b < a) {
      this.#bad('torn multi', `read one by one: version ${a}, then ${b} of its twin`)
    }
  }

  #bad(kind: string, text: string): void {
    this.context.witness.violation(kind, `${this.client.name}: ${text}`)
  }
}

function isGood(result: RawMultiResult | undefined): result is RawMultiResult {
  return result !== undefined && result.type !== -1 && result.err === 0
}

function shown({ record }: RawMultiResult): string {
  return `${record.stat?.version} ${record.data?.toString()}`
}
