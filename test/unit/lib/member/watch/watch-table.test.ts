/** Recursive watches: of a znode and all below it. */
import { expect } from 'chai'
import { MODE, WatchTable } from '../../../../../lib/member/watch/watch-table.ts'
import { OPEN_ACL } from '../../../../../lib/model/acl.ts'
import { EVENT } from '../../../../../lib/model/request.ts'

describe('recursive watches', () => {
  for (const [watched, isNotified] of [
    ['/', true],
    ['/a', true],
    ['/a/b', true],
    ['/a/', false],
    ['', false],
  ] as const) {
    it(`of "${watched}": ${isNotified ? '' : 'not '}notified of /a/b`, () => {
      const table = new WatchTable()
      const seen: string[] = []
      const watcher = { watchFired: (_type: unknown, path: string) => void seen.push(path) }
      table.add(watched, watcher, MODE.recursive)
      table.fire(EVENT.NodeCreated, '/a/b', OPEN_ACL)
      expect(seen).to.deep.equal(isNotified ? ['/a/b'] : [])
      table.removeWatcher(watcher)
      table.fire(EVENT.NodeCreated, '/a/b', OPEN_ACL)
      expect(seen).to.have.length(isNotified ? 1 : 0)
    })
  }
})
