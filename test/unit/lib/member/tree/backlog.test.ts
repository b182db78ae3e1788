import { expect } from 'chai'
import fc from 'fast-check'
import {
  Backlog,
  type Dirty,
  type DirtyKind,
  type Portion,
} from '../../../../../lib/member/tree/backlog.ts'

/**
 * What it must know, spelled out: for each key every batch whose change its record lacks. The mark
 * may claim too little, never too much.
 */
class NaiveBacklog {
  readonly lacking = new Map<string, Set<number>>()

  touch(key: string, seq: number): void {
    const lacking = this.lacking.get(key) ?? new Set<number>()
    lacking.add(seq)
    this.lacking.set(key, lacking)
  }
  /** The record now holds everything up to `seq`. */
  written(keys: readonly string[], seq: number): void {
    for (const key of keys) this.#drop(key, seq)
  }
  flushedTo(seq: number): void {
    for (const key of [...this.lacking.keys()]) this.#drop(key, seq)
  }
  #drop(key: string, seq: number): void {
    const lacking = this.lacking.get(key)
    if (lacking === undefined) return
    for (const at of [...lacking]) if (at <= seq) lacking.delete(at)
    if (lacking.size === 0) this.lacking.delete(key)
  }
  /** The least batch that a record lacks; none: beyond `seq`. */
  firstLacking(seq: number): number {
    let first = seq + 1
    for (const lacking of this.lacking.values()) {
      for (const at of lacking) first = Math.min(first, at)
    }
    return first
  }
}

/** A commit in flight: its portion, the state that is written, and the mark it leaves. */
interface Commit {
  portion: Portion
  state: number
  mark: number
}

type Step =
  /** Planned on what is applied and what is in flight. */
  | { do: 'plan'; write: number }
  /** The oldest in flight is committed; it changes these. */
  | { do: 'commit'; touch: string[] }
  /** Another proxy's batch takes its place, and what it flushed is known only by its mark. */
  | { do: 'foreign'; touch: string[]; flushed: boolean }
  /** One in flight is refused, with all behind it. */
  | { do: 'refuse'; index: number }

const key = fc.constantFrom('na', 'nb', 'nc', 'ca', 's1')
const touch = fc.array(key, { maxLength: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('plan' as const), write: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), touch }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('foreign' as const), touch, flushed: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), index: fc.nat(3) }) },
)

/** Its oldest keys, at most so many: kind and name in one word. */
function oldest(backlog: Backlog, countMax = 100): string[] {
  return [...backlog.oldest()].slice(0, countMax).map(keyOf)
}
const keyOf = ({ kind, name }: Dirty): string => kind + name
const touchKey = (backlog: Backlog, k: string, seq: number, isNew = false): void =>
  backlog.touch(k[0] as DirtyKind, k.slice(1), seq, isNew)
/** Takes these of the oldest. */
function take(backlog: Backlog, keys: readonly string[], seq: number): Portion {
  const dirty = [...backlog.oldest()].filter((d) => keys.includes(keyOf(d)))
  return backlog.take(dirty, seq)
}
const keysOf = ({ entries }: Portion): string[] => entries.map(keyOf)
function isAbsent(backlog: Backlog, k: string): boolean {
  return [...backlog.oldest()].some((dirty) => keyOf(dirty) === k && backlog.isAbsent(dirty))
}

class Run {
  readonly backlog = new Backlog()
  readonly naive = new NaiveBacklog()
  chain: Commit[] = []
  seq = 0
  flushed = 0

  do(step: Step): void {
    switch (step.do) {
      case 'plan': {
        const portion = this.backlog.take([...this.backlog.oldest()].slice(0, step.write), this.seq)
        const before = this.chain.at(-1)?.mark ?? this.flushed
        const mark = Math.max(this.backlog.mark(this.seq), before)
        this.chain.push({ portion, state: this.seq, mark })
        return
      }
      case 'commit': {
        const commit = this.chain.shift()
        if (commit === undefined) return
        this.backlog.written(commit.portion)
        this.naive.written(keysOf(commit.portion), commit.state)
        expect(commit.mark, 'mark').to.be.below(this.naive.firstLacking(this.seq))
        this.#apply(step.touch, commit.mark)
        return
      }
      case 'foreign': {
        this.#lose(0)
        this.backlog.foreign()
        this.#apply(step.touch, step.flushed ? this.seq - 1 : this.flushed)
        return
      }
      case 'refuse':
        this.#lose(step.index)
    }
  }

  #lose(index: number): void {
    this.backlog.giveBack(this.chain.splice(index).map(({ portion }) => portion))
  }

  #apply(touched: readonly string[], mark: number): void {
    this.seq++
    for (const k of touched) {
      touchKey(this.backlog, k, this.seq)
      this.naive.touch(k, this.seq)
    }
    if (mark <= this.flushed) return
    this.flushed = mark
    this.backlog.flushedTo(mark)
    this.naive.flushedTo(mark)
  }

  check(): void {
    const known = new Set(oldest(this.backlog))
    for (const { portion } of this.chain) for (const k of keysOf(portion)) known.add(k)
    for (const k of this.naive.lacking.keys()) expect([...known]).to.include(k)
    // In flight a key may be known twice; otherwise it remembers none that lacks nothing.
    if (this.chain.length === 0) expect(this.backlog.size).to.equal(this.naive.lacking.size)
    const marks = oldest(this.backlog).length === 0 ? this.seq : this.backlog.mark(this.seq)
    expect(marks).to.be.at.least(this.flushed)
  }
}

describe('tree/backlog', () => {
  it('agrees with a naive model, and its mark never claims what is not written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const run = new Run()
        for (const s of steps) {
          run.do(s)
          run.check()
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('the oldest come first, and a key touched again keeps its place', () => {
    const backlog = new Backlog()
    touchKey(backlog, 'na', 1)
    touchKey(backlog, 'nb', 2)
    touchKey(backlog, 'na', 3)
    expect(oldest(backlog)).to.deep.equal(['na', 'nb'])
    expect(backlog.mark(3)).to.equal(0)
    take(backlog, ['na'], 3)
    expect(oldest(backlog)).to.deep.equal(['nb'])
    expect(backlog.mark(3)).to.equal(1)
    take(backlog, ['nb'], 3)
    expect(backlog.mark(3)).to.equal(3)
    expect(backlog.size).to.equal(2)
  })

  it('a key touched while it is on its way stays, behind the others', () => {
    const backlog = new Backlog()
    touchKey(backlog, 'na', 1)
    touchKey(backlog, 'nb', 1)
    const portion = take(backlog, ['na'], 1)
    touchKey(backlog, 'na', 2)
    backlog.written(portion)
    expect(oldest(backlog)).to.deep.equal(['nb', 'na'])
    backlog.flushedTo(1)
    expect(oldest(backlog)).to.deep.equal(['na'])
    expect(backlog.mark(2)).to.equal(1)
    backlog.flushedTo(2)
    expect(backlog.size).to.equal(0)
  })

  it('what a lost commit carried is the oldest again', () => {
    const backlog = new Backlog()
    for (const k of ['na', 'nb', 'nc']) touchKey(backlog, k, 1)
    const first = take(backlog, ['na'], 1)
    const second = take(backlog, ['nb'], 1)
    touchKey(backlog, 'na', 2)
    backlog.giveBack([first, second])
    expect(oldest(backlog)).to.deep.equal(['na', 'nb', 'nc'])
    expect(backlog.mark(2)).to.equal(0)
    backlog.flushedTo(1)
    expect(oldest(backlog)).to.deep.equal(['na'])
  })

  it('knows what the store cannot have, until somebody else may have written it', () => {
    const backlog = new Backlog()
    touchKey(backlog, 'na', 1, true)
    touchKey(backlog, 'nb', 1)
    expect(isAbsent(backlog, 'na')).to.equal(true)
    expect(isAbsent(backlog, 'nb')).to.equal(false)
    // Its write is on its way: the store may have it when the next one is planned.
    const portion = take(backlog, ['na'], 1)
    touchKey(backlog, 'na', 2, true)
    expect(isAbsent(backlog, 'na')).to.equal(false)
    backlog.written(portion)
    expect(isAbsent(backlog, 'na')).to.equal(false)
    touchKey(backlog, 'nc', 3, true)
    backlog.foreign()
    expect(isAbsent(backlog, 'nc')).to.equal(false)
  })
})
