/** Deliberate bugs of the feed, and of what happens when the store's history goes back. */
import { COMMITTER, FOLLOWER, KEEPER, MANAGER, type Mutation } from './mutation.ts'

const ENTRY_CHECK = 'lib/member/commit/entry-check.ts'
const HEAD_CHECK = 'lib/member/commit/head-check.ts'
const LOST_HISTORY = 'lib/member/upkeep/lost-history.ts'

export const HISTORY_MUTATIONS: readonly Mutation[] = [
  {
    bug: 'a watch resumed one late, and a gap that is not seen',
    edits: [
      {
        file: FOLLOWER,
        from: 'fromRevision: this.#revision + 1,',
        to: 'fromRevision: this.#revision + 2,',
      },
      { file: COMMITTER, from: 'checkNext(replica, header)\n', to: '\n' },
    ],
    seedsMax: 50,
  },
  {
    bug: 'after a lost feed the tree is loaded, and watchers are not told what they missed',
    edits: [
      {
        file: KEEPER,
        from: 'catchUp: () => this.committer.prove(),',
        to: 'catchUp: () => Promise.resolve(undefined),',
      },
      {
        file: KEEPER,
        from: 'this.#serving.end()\n    restoreAges',
        to: 'restoreAges',
      },
    ],
    seedsMax: 100,
  },
  {
    bug: 'grafted history: nothing but numbers is compared',
    edits: [
      {
        file: ENTRY_CHECK,
        from: 'if (known === undefined) return\n',
        to: 'if (known !== 0n) return\n',
      },
      {
        file: ENTRY_CHECK,
        from: 'if (previous === undefined || end === undefined || previous === end) return',
        to: 'if (previous !== 0n) return',
      },
      {
        file: HEAD_CHECK,
        from: 'if ((head?.seq ?? 0) < seq) throw wentBack(head, seq)',
        to: '',
      },
      {
        file: HEAD_CHECK,
        from: 'known !== undefined && known !== head.chain',
        to: 'known === 0n',
      },
    ],
    faults: 'history',
    seedsMax: 50,
  },
  {
    bug: 'no epoch begins where history went back',
    edits: [
      {
        file: LOST_HISTORY,
        from: 'if (epoch === undefined) return this.#begun()',
        to: 'return this.#begun()',
      },
    ],
    faults: 'history',
    seedsMax: 50,
  },
  {
    bug: 'the epoch is counted from what was loaded last, not from what was served',
    edits: [
      {
        file: LOST_HISTORY,
        from: 'reloaded(after: Replica): void {\n    const before = this.#served\n',
        to: 'reloaded(after: Replica, last?: Replica): void {\n    const before = this.#served && last\n',
      },
      {
        file: KEEPER,
        from: 'this.#lost.reloaded(replica)',
        to: 'this.#lost.reloaded(replica, before)',
      },
    ],
    faults: 'history',
    seedsMax: 50,
  },
  {
    bug: 'a client that saw lost history resumes its session',
    edits: [
      {
        file: MANAGER,
        from: 'this.#host.replica.isLost(lastZxidSeen)',
        to: 'id === 0n',
        everywhere: true,
      },
    ],
    faults: 'history',
    seedsMax: 50,
  },
  {
    bug: 'pending requests survive a history that went back',
    edits: [
      {
        file: KEEPER,
        from: 'this.committer.reset(replica, head, this.#lost.isOpen)',
        to: 'this.committer.reset(replica, head, false)',
      },
    ],
    faults: 'history',
    seedsMax: 200,
  },
  {
    bug: 'a feed that was given up, or a history that went back, reads the journal and keeps the tree',
    edits: [
      {
        file: FOLLOWER,
        from: 'giveUp(reason: StoreError | HistoryLost): void {\n    this.#isWrong = true\n',
        to: 'giveUp(reason: StoreError | HistoryLost): void {\n',
      },
      { file: FOLLOWER, from: 'if (reason instanceof HistoryLost) this.#isWrong = true', to: '' },
      { file: FOLLOWER, from: 'if (error instanceof HistoryLost) this.#isWrong = true', to: '' },
    ],
    faults: 'history',
    seedsMax: 50,
  },
  {
    bug: 'a start takes a tree that is not the one that head names',
    edits: [
      {
        file: 'lib/member/tree/load.ts',
        from: 'if (!acceptsDamage) throw damaged(withSummary(wrong, damage))',
        to: '',
      },
    ],
    faults: 'history',
    seedsMax: 200,
  },
]
