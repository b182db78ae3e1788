/** Deliberate bugs of commits, of the records behind them, and of what is read and told of them. */
import { COMMITTER, type Mutation, PLANNER, SENDER } from './mutation.ts'

const TRY = 'store.txn(txn, { suspect })'

export const COMMIT_MUTATIONS: readonly Mutation[] = [
  {
    bug: 'acknowledged before the commit',
    edits: [
      {
        file: SENDER,
        from: TRY,
        to: `(${TRY}.catch(() => {}), Promise.resolve({ committed: true, revision: 0 }))`,
      },
    ],
    seedsMax: 20,
  },
  {
    bug: 'an unknown outcome is taken for success',
    edits: [
      {
        file: SENDER,
        from: 'const { error } = answer\n',
        to:
          'const { error } = answer\n' +
          "      if (error.outcome === 'unknown') return { type: 'committed', revision: 0, sentMs: 0 }\n",
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'a blind retry: after an unknown outcome the requests are planned again',
    edits: [
      {
        file: SENDER,
        from: 'const { error } = answer\n',
        to:
          'const { error } = answer\n' +
          "      if (error.outcome === 'unknown') return { type: 'refused', error }\n",
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'tried again without the guard after an unknown outcome',
    edits: [
      {
        file: SENDER,
        from: TRY,
        to: 'store.txn(tries.count === 0 ? txn : { ...txn, compares: [] }, { suspect })',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'commits are not guarded by head',
    edits: [{ file: SENDER, from: 'compares: guards,', to: 'compares: guards.slice(1),' }],
    seedsMax: 20,
  },
  {
    bug: 'the journal is cut one entry too early',
    edits: [
      {
        file: 'lib/member/commit/flush.ts',
        from: 'if (kept > first) {',
        to: 'if (flushed > before) {',
      },
      {
        file: 'lib/member/commit/flush.ts',
        from: 'end: layout.journalEntry(kept),',
        to: 'end: layout.journalEntry(flushed + 2),',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'records of a commit that was lost count as written',
    edits: [
      {
        file: PLANNER,
        from: 'this.#replica.backlog.giveBack(lost.map(({ flush }) => flush.portion))',
        to: 'for (const { flush } of lost) this.#replica.backlog.written(flush.portion)',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'records that another proxy did not write count as written',
    edits: [
      {
        file: 'lib/member/tree/replica.ts',
        from: 'this.backlog.flushedTo(batch.flushed)',
        to: 'this.backlog.flushedTo(batch.seq)',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'a batch that comes back by the feed is applied again',
    edits: [
      {
        file: COMMITTER,
        from: 'if (seq <= replica.seq) return checkKnown',
        to:
          'if (seq === replica.seq) return replica.apply(decodeBatch(entry), ' +
          '{ encoded: entry, digest: digestOfEntry(entry), attempt: 0 })\n' +
          '    if (seq <= replica.seq) return checkKnown',
      },
    ],
    seedsMax: 20,
  },
  {
    bug: 'what a lost batch had planned stays in view',
    edits: [{ file: PLANNER, from: 'this.#view.truncate(index)', to: '' }],
    seedsMax: 20,
  },
  {
    bug: 'requests of a lost batch are planned behind those that came later',
    edits: [
      {
        file: COMMITTER,
        from: 'this.#queue.putBack(this.#chain.cut(index))',
        to: 'for (const task of this.#chain.cut(index)) this.#queue.push(task)',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'a multi that fails leaves what it had planned',
    edits: [
      {
        file: 'lib/member/plan/multi.ts',
        from: '    view.rollback()\n    // It met',
        to: '    // It met',
      },
    ],
    seedsMax: 20,
  },
  {
    bug: 'the sequence counter is not carried over a load',
    edits: [
      {
        file: 'lib/member/tree/data-tree.ts',
        from: 'node.creates = record.creates',
        to: 'node.creates = Math.min(record.creates, node.childCount)',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'a sync does not reach the store',
    edits: [
      {
        file: 'lib/member/commit/head-check.ts',
        from: 'const outcome = await this.#lookUntilAnswered()',
        to: 'const outcome: Outcome = await Promise.resolve({ revision: 0 })',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'stale reads: a look at head counts as a proof although the replica is behind it',
    edits: [
      {
        file: 'lib/member/commit/head-check.ts',
        from: "if (!(await this.#reach(before, head.seq))) return 'reloading'",
        to: '',
      },
    ],
    faults: 'lag',
    seedsMax: 50,
  },
  {
    bug: 'stale reads: serving does not end when nothing proves how fresh the tree is',
    edits: [
      {
        file: 'lib/member/upkeep/serving.ts',
        from: 'if (!this.#isServing || !this.health.isSilent) return',
        to: 'return',
      },
    ],
    seedsMax: 200,
  },
  {
    bug: 'a full store’s refusal is believed, also of a txn that it has applied',
    edits: [
      {
        file: SENDER,
        from: 'if (!tries.mayBeApplied) return true\n',
        to: 'if (tries.count > 0) return true\n',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'an unknown outcome is answered as if the store were full',
    edits: [
      {
        file: SENDER,
        from: "if (error.code === 'STORE_NO_SPACE' && (await this.#isUnapplied(tries))) {",
        to: 'if (tries.count > 0) {',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'events leave after the reply that shows the change',
    edits: [
      {
        file: 'proxy/connection.ts',
        from: '  event(type: EventType, path: string, zxid: number): void {',
        to:
          '  event(type: EventType, path: string, zxid: number): void {\n' +
          '    setImmediate(() => this.late(type, path, zxid))\n  }\n' +
          '  late(type: EventType, path: string, zxid: number): void {',
      },
    ],
    seedsMax: 20,
  },
  {
    bug: 'setWatches tells of the change that the client has seen',
    edits: [
      {
        file: 'lib/member/read/set-watches.ts',
        from: 'node.mzxid > relativeZxid',
        to: 'node.mzxid >= relativeZxid',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'setWatches does not tell what changed while the client was away',
    edits: [
      {
        file: 'lib/member/read/set-watches.ts',
        from: 'else if (node.pzxid > relativeZxid) {',
        to: 'else if (node.pzxid < 0) {',
      },
    ],
    seedsMax: 100,
  },
]
