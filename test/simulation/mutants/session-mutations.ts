/** Deliberate bugs of sessions: how long they live, where, and what ends with them. */
import { KEEPER, MANAGER, type Mutation } from './mutation.ts'

const TICKS = 'lib/member/session/expiry-ticks.ts'

export const SESSION_MUTATIONS: readonly Mutation[] = [
  {
    bug: 'a missing fence: a connection that lost its session may still write',
    edits: [
      {
        file: 'lib/member/plan/plan.ts',
        from: 'if (record.owner !== session.owner || record.fence !== session.fence) {',
        to: 'if (record.fence < 0) {',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'expiry by a woken proxy, before it reads its input',
    edits: [
      { file: TICKS, from: 'else if (!slept) expire(now)', to: 'else expire(now)' },
      { file: 'lib/member/upkeep/serving.ts', from: 'sessions.pause(pausedMs)', to: '' },
    ],
    seedsMax: 500,
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
    seedsMax: 500,
  },
  {
    bug: 'a session ended early: of a vanished proxy all of its lease counts as silence',
    edits: [
      {
        file: 'lib/member/session/orphans.ts',
        from: 'const spentMs = goneForMs(gone)',
        to: 'const spentMs = gone.ttlMs',
      },
    ],
    seedsMax: 200,
  },
  {
    bug: 'a proxy whose lease ran out does not register again',
    edits: [
      {
        file: 'lib/member/session/proxy-registry.ts',
        from: "if (error.code !== 'STORE_LEASE_NOT_FOUND') continue",
        to: 'continue',
      },
      {
        file: 'lib/member/session/proxy-registry.ts',
        from: 'if (this.#stop.signal.aborted) return\n    // Our own',
        to: 'return\n    // Our own',
      },
    ],
    seedsMax: 100,
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
        from: 'this.#owned.delete(record.id)\n      this.#watchOver(record)',
        to: 'this.#watchOver(record)',
      },
    ],
    seedsMax: 50,
  },
  {
    bug: 'resume without the log',
    edits: [
      {
        file: MANAGER,
        from: 'const lives = await resumeForwarded(',
        to:
          'const stored = this.#host.replica.sessions.get(id)\n' +
          '    if (stored !== undefined) {\n' +
          '      if (!this.#owned.has(id)) this.#own(stored)\n' +
          '      return this.#attach(id, sink, ids, requestedTimeoutMs)\n    }\n    const lives = await resumeForwarded(',
      },
    ],
    seedsMax: 50,
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
    seedsMax: 20,
  },
  {
    bug: 'sessions are timed by the wall clock',
    edits: [
      { file: MANAGER, from: 'this.#clock.monotonic()', to: 'this.#clock.now()', everywhere: true },
    ],
    faults: 'clock',
    seedsMax: 100,
  },
  {
    bug: 'a proxy that starts beside others takes ages by its wall clock',
    edits: [
      {
        file: KEEPER,
        from: 'const isAlone = loaded.proxies.size === 0',
        to: 'const isAlone = loaded.proxies.size >= 0',
      },
    ],
    faults: 'clock',
    seedsMax: 200,
  },
  {
    bug: 'a proxy that starts alone takes what it finds for older than mtime says',
    edits: [
      {
        file: 'lib/member/upkeep/reaper.ts',
        from: 'Math.max(0, wallMs - node.mtime)',
        to: 'Math.max(0, wallMs - node.mtime + 2_000)',
      },
    ],
    faults: 'clock',
    seedsMax: 100,
  },
  {
    bug: 'TTL by wall clock',
    edits: [
      {
        file: KEEPER,
        from: 'replica.tree.monotonic = () => this.clock.monotonic()',
        to: 'replica.tree.monotonic = () => this.clock.now()',
      },
      {
        file: KEEPER,
        from: 'restoreAges(loaded.replica.tree, clock.monotonic(),',
        to: 'restoreAges(loaded.replica.tree, clock.now(),',
      },
      {
        file: KEEPER,
        from: 'restoreAges(replica.tree, this.clock.monotonic(),',
        to: 'restoreAges(replica.tree, this.clock.now(),',
      },
      {
        file: 'lib/member/upkeep/reaper.ts',
        from: 'reapableNow(tree(), clock.monotonic())',
        to: 'reapableNow(tree(), clock.now())',
      },
    ],
    faults: 'clock',
    seedsMax: 100,
  },
]
