import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  fixupAcl,
  internAcl,
  isAllowed,
  maskDigests,
  OPEN_ACL,
  SUPER_ID,
} from '../../../../lib/model/acl.ts'
import { digestOf } from '../../../../lib/model/digest-scheme.ts'
import { type Acl, type AuthId, PERMS } from '../../../../lib/model/request.ts'

const acl = (scheme: string, id: string, perms: number = PERMS.ALL): Acl => ({
  perms,
  id: { scheme, id },
})
const IP: AuthId = { scheme: 'ip', id: '10.1.2.3' }
const ALICE: AuthId = { scheme: 'digest', id: 'alice:abc=' }
/** ZooKeeper's errno. */
const INVALID_ACL = -114
const BOB: AuthId = { scheme: 'digest', id: 'bob:def=' }

describe('znode/acl', () => {
  describe('what a client may ask for (A2, A3)', () => {
    const valid: [scheme: string, id: string][] = [
      ['world', 'anyone'],
      ['digest', 'user:hash'],
      // Java's split drops empty parts at the end: these have two.
      ['digest', 'user:hash:'],
      ['digest', 'user:hash:::'],
      ['digest', ':hash'],
      ['ip', '10.0.0.1'],
      ['ip', '10.0.0.0/8'],
      ['ip', '10.0.0.0/0'],
      ['ip', '::1'],
      ['ip', 'fe80::/10'],
      // As Java's parseInt has it.
      ['ip', '010.0.-0.+1/+08'],
    ]
    const invalid: [scheme: string, id: string][] = [
      ['world', 'everyone'],
      ['world', ''],
      ['digest', ''],
      ['digest', 'user'],
      ['digest', 'user:'],
      ['digest', ':'],
      ['digest', 'a:b:c'],
      ['digest', 'a::c'],
      ['ip', ''],
      ['ip', '10.0.0'],
      ['ip', '10.0.0.1/'],
      ['ip', '10.0.0.1/33'],
      ['ip', '::1/129'],
      ['ip', '10.0.0.1/1/1'],
      ['ip', '10.0.0.1/-1'],
      ['ip', '10.0.0.1.'],
      ['ip', '10.0.0.1 '],
      ['ip', '10.0.0.256'],
      ['ip', '0x0a.0.0.1'],
      ['ip', '::ffff:10.0.0.1'],
      ['ip', 'fe80::1%eth0'],
      ['super', ''],
      ['sasl', 'x'],
      ['', ''],
    ]
    for (const [scheme, id] of valid) {
      it(`${scheme}:${id} is fine`, () => {
        expect(fixupAcl([acl(scheme, id)], [IP])).to.deep.equal([acl(scheme, id)])
      })
    }
    for (const [scheme, id] of invalid) {
      it(`${scheme}:${id} is INVALIDACL, also beside a good one`, () => {
        expect(fixupAcl([acl(scheme, id)], [IP, ALICE])).to.equal(INVALID_ACL)
        expect(fixupAcl([...OPEN_ACL, acl(scheme, id)], [IP, ALICE])).to.equal(INVALID_ACL)
      })
    }

    it('null and empty lists are INVALIDACL', () => {
      expect([fixupAcl(null, [ALICE]), fixupAcl([], [ALICE])]).to.deep.equal([
        INVALID_ACL,
        INVALID_ACL,
      ])
    })

    it('auth becomes every identity proven, but ip and super', () => {
      const asked = [acl('auth', 'ignored', PERMS.READ)]
      expect(fixupAcl(asked, [IP, ALICE, SUPER_ID, BOB])).to.deep.equal([
        { perms: PERMS.READ, id: ALICE },
        { perms: PERMS.READ, id: BOB },
      ])
      expect(fixupAcl(asked, [IP])).to.equal(INVALID_ACL)
      expect(fixupAcl(asked, [IP, SUPER_ID])).to.equal(INVALID_ACL)
    })

    it('auth becomes no more than a request may have', () => {
      const proven = Array.from({ length: 3_000 }, (_, i) => ({ scheme: 'digest', id: `u${i}:x` }))
      const asked = Array.from({ length: 20_000 }, (_, i) => acl('auth', `${i}`))
      expect(fixupAcl(asked, proven)).to.equal(-8)
      expect(fixupAcl(asked.slice(0, 10), proven)).to.have.length(30_000)
    })

    it('an id is walked over once, whatever is in it', () => {
      const colons = ':'.repeat(1_000_000)
      for (const id of [colons, `${colons}a`, `a${colons}`, `a:b${colons}`, `a:b${colons}c`]) {
        const isValid = id === `a:b${colons}`
        expect(fixupAcl([acl('digest', id)], [])).to.deep.equal(
          isValid ? [acl('digest', id)] : INVALID_ACL,
        )
        expect(maskDigests([acl('digest', id)])[0]!.id.id.length).to.be.at.most(3)
      }
      expect(fixupAcl([acl('ip', '/'.repeat(1_000_000))], [])).to.equal(INVALID_ACL)
    })

    it('duplicates go, the order stays, other permissions are no duplicate', () => {
      const read = acl('world', 'anyone', PERMS.READ)
      const all = acl('world', 'anyone')
      const ip = acl('ip', '10.0.0.1', PERMS.READ)
      expect(fixupAcl([read, ip, read, all, ip], [])).to.deep.equal([read, ip, all])
    })

    it('duplicates are found as a comparison of each with each finds them', () => {
      const entry = fc.record({
        perms: fc.integer({ min: -1, max: 2 }),
        id: fc.record({
          scheme: fc.constant('digest'),
          id: fc.constantFrom('a:b', 'a:c', '0:b', '1:digest'),
        }),
      })
      fc.assert(
        fc.property(fc.array(entry, { minLength: 1 }), (list) => {
          const naive = list.filter(
            (a, i) => list.findIndex((b) => b.perms === a.perms && b.id.id === a.id.id) === i,
          )
          expect(fixupAcl(list, [])).to.deep.equal(naive)
        }),
      )
    })
  })

  describe('who may do what (A1, A5)', () => {
    it('an empty list allows everything', () => {
      expect(isAllowed([], PERMS.ADMIN, [])).to.equal(true)
    })

    it('each permission by itself', () => {
      for (const has of [1, 2, 4, 8, 16]) {
        for (const wants of [1, 2, 4, 8, 16]) {
          const list = [acl('world', 'anyone', has)]
          expect(isAllowed(list, wants, [IP])).to.equal(has === wants)
        }
      }
    })

    it('any of several asked for is enough', () => {
      const list = [acl('world', 'anyone', PERMS.ADMIN)]
      expect(isAllowed(list, PERMS.READ | PERMS.ADMIN, [])).to.equal(true)
    })

    it('digests by the exact id, under the same scheme only', () => {
      const list = [{ perms: PERMS.ALL, id: ALICE }]
      expect(isAllowed(list, PERMS.READ, [IP, ALICE])).to.equal(true)
      expect(isAllowed(list, PERMS.READ, [IP, BOB])).to.equal(false)
      expect(isAllowed(list, PERMS.READ, [{ scheme: 'ip', id: ALICE.id }])).to.equal(false)
    })

    it('a long list answers as a short one does, by every scheme and permission', () => {
      const own: AuthId[] = [IP, ALICE, { scheme: 'ip', id: 'fe80::1' }]
      const entry = fc.record({
        perms: fc.integer({ min: 0, max: 31 }),
        id: fc.constantFrom<AuthId>(
          ALICE,
          BOB,
          { scheme: 'world', id: 'anyone' },
          { scheme: 'world', id: 'nobody' },
          { scheme: 'ip', id: '10.0.0.0/8' },
          { scheme: 'ip', id: '11.0.0.0/8' },
          { scheme: 'ip', id: 'fe80::/10' },
        ),
      })
      fc.assert(
        fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), (list) => {
          for (const perm of [1, 2, 4, 8, 16, 17]) {
            const short = list.some((one) => isAllowed([one], perm, own))
            expect(isAllowed(list, perm, own)).to.equal(short)
          }
        }),
      )
    })

    it('a long list is looked through once for each connection', () => {
      const list = Array.from({ length: 15_000 }, (_, i) =>
        acl('ip', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, PERMS.READ),
      )
      const ids = [{ scheme: 'ip', id: '10.0.58.151' }]
      // Walked each time, this would take minutes.
      for (let i = 0; i < 100_000; i++) {
        if (!isAllowed(list, PERMS.READ, ids)) expect.fail('it is in the list')
      }
      expect(isAllowed(list, PERMS.WRITE, ids)).to.equal(false)
      expect(isAllowed(list, PERMS.READ, [{ scheme: 'ip', id: '10.0.58.152' }])).to.equal(false)
    })

    it('super passes everywhere', () => {
      expect(isAllowed([acl('digest', 'x:y', 0)], PERMS.ADMIN, [IP, SUPER_ID])).to.equal(true)
    })

    it('world needs its id', () => {
      expect(isAllowed([acl('world', 'somebody')], PERMS.READ, [IP])).to.equal(false)
    })

    const subnets: [client: string, id: string, matches: boolean][] = [
      ['10.1.2.3', '10.1.2.3', true],
      ['10.1.2.3', '10.1.2.4', false],
      ['10.1.2.3', '10.0.0.0/8', true],
      ['11.1.2.3', '10.0.0.0/8', false],
      ['10.1.2.3', '10.1.2.99/24', true],
      ['10.1.2.3', '0.0.0.0/0', true],
      ['10.1.2.3', '10.1.2.2/31', true],
      ['10.1.2.4', '10.1.2.2/31', false],
      ['::1', '::1', true],
      ['fe80::1', 'fe80::/10', true],
      ['2001:db8::1', 'fe80::/10', false],
      ['::1', '0.0.0.0/0', false],
      ['10.1.2.3', 'nonsense', false],
      ['10.1.2.3', '::/0', false],
      ['10.1.2.3', '::ffff:a01:203', false],
      ['10.1.2.3', '010.001.2.0/+24', true],
      ['10.1.2.3', '11.0.0.0/-0', true],
      ['::1', '::/0', true],
    ]
    for (const [client, id, matches] of subnets) {
      it(`${client} is ${matches ? '' : 'not '}in ${id}`, () => {
        const own = [{ scheme: 'ip', id: client }]
        // Twice: the second answer comes from what the first one kept.
        for (let i = 0; i < 2; i++) {
          expect(isAllowed([acl('ip', id)], PERMS.READ, own)).to.equal(matches)
        }
        const long = Array.from({ length: 100 }, () => acl('ip', id))
        expect(isAllowed(long, PERMS.READ, own), 'a long list').to.equal(matches)
      })
    }
  })

  it('digests are shown as user:x (A4)', () => {
    const list = [acl('digest', 'user:secret'), acl('ip', '10.0.0.1'), acl('digest', ':y')]
    expect(maskDigests(list)).to.deep.equal([
      acl('digest', 'user:x'),
      acl('ip', '10.0.0.1'),
      acl('digest', ':x'),
    ])
  })

  it('a digest is user:base64(sha1(user:password))', () => {
    const sha = createHash('sha1').update('user:pa:ss').digest('base64')
    expect(digestOf(Buffer.from('user:pa:ss'))).to.equal(`user:${sha}`)
    expect(digestOf(Buffer.from('super:test'))).to.equal('super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
  })

  it('equal lists are one object, different ones are not', () => {
    const one = internAcl([acl('ip', '10.0.0.1', 3)])
    expect(internAcl([acl('ip', '10.0.0.1', 3)])).to.equal(one)
    expect(internAcl([acl('ip', '10.0.0.1', 2)])).to.not.equal(one)
    expect(internAcl([acl('world', 'anyone')])).to.equal(OPEN_ACL)
  })
})
