/** A call for each error that a docstring of the client and its recipes promises. Neighbours: promises, world. */
import { Cache } from '../../../lib/index.ts'
import type { Row } from './rows.ts'
import { made, waits } from './table-recipes.ts'
import { verbs } from './table-verbs.ts'
import { views } from './table-views.ts'

const feeds: Readonly<Record<string, Row>> = {
  'Cache.open': {
    TypeError: ({ keeper }) => Cache.open(keeper, { prefix: 'a' }),
    STORE_CLOSED: async ({ keeper }) => {
      await keeper.close(0)
      return Cache.open(keeper)
    },
    reason: ({ keeper }) =>
      Cache.open(keeper, { signal: AbortSignal.abort(new RangeError('reason')) }),
  },
}

const parts = [verbs, made, waits, views, feeds]

export const THROWS: Readonly<Record<string, Row>> = Object.fromEntries(
  parts
    .flatMap(Object.keys)
    .map((name) => [name, Object.assign({}, ...parts.map((rows) => rows[name]))]),
)

/** What needs another place than a member in memory, or a rival: the test that has the word. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'AtomicCounter.add ZK_BAD_VERSION': 'test/keeper/recipe-counter.test.ts',
  'PersistentNode.setData ZK_QUOTA_EXCEEDED': 'test/keeper/recipe-refused-data.test.ts',
  'LockSide.acquire ZK_NO_NODE': 'test/keeper/recipe-read-write-lock.test.ts',
  'ZooKeeper.changes CHANGES_GONE': 'test/keeper/changes-ends.test.ts',
  'ZooKeeper.changes CHANGES_SLOW': 'test/keeper/changes-ends.test.ts',
  'ZooKeeper.changes ZK_NO_AUTH': 'test/wire/changes.test.ts',
  'ZooKeeper.changes ZK_UNIMPLEMENTED': 'test/wire/changes.test.ts',
}
