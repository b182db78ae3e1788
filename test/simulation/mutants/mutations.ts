/** Bugs made on purpose, one at a time: what the laws must find, and within how many seeds. */
import type { FaultSet } from '../scenario.ts'

export interface Edit {
  /** Below the root. */
  readonly file: string
  /** Exactly one place of the file, or every one of them with `everywhere`. */
  readonly from: string
  readonly to: string
  readonly everywhere?: boolean
}

export interface Mutation {
  readonly bug: string
  readonly edits: readonly Edit[]
  /** @default core */
  readonly faults?: FaultSet
  /** It is found within so many seeds. */
  readonly seedsMax: number
}

const COMMITTER = 'lib/member/commit/group-committer.ts'
const SENDER = 'lib/member/commit/batch-sender.ts'
const PLANNER = 'lib/member/commit/batch-planner.ts'
const MANAGER = 'lib/member/session/session-manager.ts'

export const MUTATIONS: readonly Mutation[] = [
  {
    bug: 'acknowledged before the commit',
    edits: [
      {
        file: SENDER,
        from: 'result = await store.txn(txn)',
        to: 'store.txn(txn).catch(() => {}); result = { committed: true, revision: 0 }',
      },
      {
        file: COMMITTER,
        from: 'if (seq <= this.#replica.seq) return',
        to: 'if (seq <= this.#replica.seq) { this.#headRevision = revision; return }',
      },
    ],
    seedsMax: 5,
  },
  {
    bug: 'an unknown outcome is taken for success',
    edits: [
      {
        file: SENDER,
        from: '          mayBeApplied = true\n',
        to: "          mayBeApplied = true\n          return { type: 'committed', revision: 0 }\n",
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'tried again without the guard after an unknown outcome',
    edits: [
      {
        file: SENDER,
        from: 'result = await store.txn(txn)',
        to: 'result = await store.txn(tries === 1 ? txn : { ...txn, compares: [] })',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'commits are not guarded by head',
    edits: [
      {
        file: SENDER,
        from: 'compares: guards,',
        to: 'compares: guards.slice(1),',
      },
    ],
    seedsMax: 20,
  },
  {
    bug: 'the feed resumes one revision late, and a gap is not seen',
    edits: [
      {
        file: 'lib/member/keeper.ts',
        from: 'this.#follower.start(loaded.revision + 1)',
        to: 'this.#follower.start(loaded.revision + 2)',
      },
      {
        file: 'lib/member/tree/follower.ts',
        from: 'from = loaded.revision + 1',
        to: 'from = loaded.revision + 2',
      },
      { file: COMMITTER, from: 'if (seq !== this.#replica.seq + 1) {', to: 'if (seq < 0) {' },
    ],
    seedsMax: 200,
  },
  {
    bug: 'a connection that lost its session may still write',
    edits: [
      {
        file: 'lib/member/plan/plan.ts',
        from: 'if (record.owner !== session.owner || record.fence !== session.fence) {',
        to: 'if (record.fence < 0) {',
      },
    ],
    seedsMax: 400,
  },
  {
    bug: 'a proxy that was stopped expires sessions before it reads its input',
    edits: [
      { file: MANAGER, from: 'if (!stalled && !this.#suspended)', to: 'if (!this.#suspended)' },
    ],
    seedsMax: 200,
  },
  {
    bug: 'when the store is back, sessions have the time they had before',
    edits: [
      {
        file: MANAGER,
        from: 'for (const owned of this.#owned.values()) owned.lastSeenMs = now',
        to: '',
      },
    ],
    seedsMax: 200,
  },
  {
    bug: 'a session that moved is expired by the proxy it left',
    edits: [
      {
        file: 'lib/member/plan/session.ts',
        from: 'if (session?.owner !== request.owner || session.fence !== request.fence) {',
        to: 'if (session === undefined) {',
      },
      {
        file: MANAGER,
        from: 'else this.#owned.delete(record.id)',
        to: '',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'a session is resumed on another proxy without the log',
    edits: [
      {
        file: MANAGER,
        from: 'const known = this.#owned.get(id)\n    if (known',
        to:
          'const stored = this.#host.replica.sessions.get(id)\n' +
          '    if (stored !== undefined && !this.#owned.has(id)) this.#own(stored)\n' +
          '    const known = this.#owned.get(id)\n    if (known',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'the journal is cut one entry too early',
    edits: [
      {
        file: 'lib/member/commit/flush.ts',
        from: 'end: layout.journalEntry(flushed + 1),',
        to: 'end: layout.journalEntry(flushed + 2),',
      },
    ],
    seedsMax: 20,
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
        from: 'if (seq <= this.#replica.seq) return',
        to:
          'if (seq === this.#replica.seq) return this.#replica.apply(decode(), bytes)\n' +
          '    if (seq <= this.#replica.seq) return',
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
        from: 'this.#queue = [...this.#chain.cut(index), ...this.#queue]',
        to: 'this.#queue = [...this.#queue, ...this.#chain.cut(index)]',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'a sync does not reach the store',
    edits: [
      {
        file: 'lib/member/commit/head-check.ts',
        from: 'const revision = head?.kvs[0]?.modRevision ?? 0\n',
        to: 'const revision = before\n',
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
    seedsMax: 5,
  },
  {
    bug: 'ephemerals stay when their session ends',
    edits: [
      {
        file: 'lib/member/tree/replica.ts',
        from: 'for (const path of op.paths)',
        to: 'for (const path of [] as string[])',
      },
    ],
    seedsMax: 5,
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
    bug: 'a multi that fails leaves what it had planned',
    edits: [
      {
        file: 'lib/member/plan/multi.ts',
        from: "    view.rollback()\n    return {\n      type: 'multi',",
        to: "    return {\n      type: 'multi',",
      },
    ],
    seedsMax: 5,
  },
  {
    bug: 'a proxy goes on serving whatever it does not hear',
    edits: [
      {
        file: 'lib/member/keeper.ts',
        from: 'if (!this.#serving || !this.#health.isSilent) return',
        to: 'return',
      },
    ],
    seedsMax: 200,
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
    bug: 'sessions are timed by the wall clock',
    edits: [
      { file: MANAGER, from: 'this.#clock.monotonic()', to: 'this.#clock.now()', everywhere: true },
    ],
    faults: 'clock',
    seedsMax: 100,
  },
]
