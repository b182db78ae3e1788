/** What a proxy changes of a request before a leader gets it. */
import { expect } from 'chai'
import { harmlessRequest } from '../../../../../lib/migrate/serve/harmless-request.ts'
import type { ForwardedRequest } from '../../../../../lib/migrate/serve/request-packet.ts'
import { OPEN_ACL } from '../../../../../lib/model/acl.ts'
import { OP } from '../../../../../lib/model/request.ts'

const create = (path: string, acl: typeof OPEN_ACL | null) =>
  ({ type: 'create', op: OP.create, path, data: '', acl, flags: 0, ttlMs: 0 }) as const
const multi = (...ops: ReturnType<typeof create>[]): ForwardedRequest => ({ type: 'multi', ops })

describe('migrate: harmless requests', () => {
  it('a create of a multi has a list of ACLs, as a leader of 3.9 may halt without', () => {
    const changed = harmlessRequest(multi(create('/a', OPEN_ACL), create('/b', null)), true)
    expect(changed).to.deep.equal(multi(create('/a', OPEN_ACL), create('/b', [])))
  })

  it('what is harmless is sent as it is', () => {
    for (const request of [multi(create('/a', OPEN_ACL), create('/b', [])), create('/c', null)]) {
      expect(harmlessRequest(request, true)).to.equal(request)
    }
  })
})
