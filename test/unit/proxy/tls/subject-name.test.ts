/** Names of certificates as Java has them: recorded from Java, since ZooKeeper's ACLs compare them as text. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { fixupAcl } from '../../../../lib/model/acl.ts'
import { isX500Name } from '../../../../lib/model/x500-name.ts'
import { subjectName } from '../../../../proxy/tls/subject-name.ts'

const recorded = JSON.parse(readFileSync(new URL('java-names.json', import.meta.url), 'utf8')) as {
  names: [hex: string, name: string][]
  texts: [text: string, isValid: boolean][]
}

/** As much of a certificate as has a subject in it. */
function certificateOf(subject: Buffer): Buffer {
  const element = (tag: number, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content)
    return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body])
  }
  const serial = element(0x02, Buffer.from([1]))
  const empty = element(0x30)
  const version = element(0xa0, element(0x02, Buffer.from([2])))
  return element(0x30, element(0x30, version, serial, empty, empty, empty, subject))
}

describe('the name of a certificate', () => {
  for (const [hex, name] of recorded.names) {
    it(`is Java's: ${JSON.stringify(name.slice(0, 60))}`, () => {
      expect(subjectName(certificateOf(Buffer.from(hex, 'hex')))).to.equal(name)
    })
  }

  it('is none of bytes that are no DER: a RangeError, and nothing else', () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(bytes, (subject) => {
        try {
          subjectName(certificateOf(subject))
          subjectName(subject)
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('an id of the x509 scheme in an ACL', () => {
  for (const [text, isValid] of recorded.texts) {
    it(`${isValid ? 'may be' : 'may not be'} ${JSON.stringify(text)}`, () => {
      expect(isX500Name(text)).to.equal(isValid)
      const acl = [{ perms: 1, id: { scheme: 'x509', id: text } }]
      const fixed = fixupAcl(acl, [], new Set(['x509']))
      expect(fixed).to.deep.equal(isValid ? acl : -114)
      expect(fixupAcl(acl, [])).to.equal(-114)
    })
  }

  it('is judged in time that grows with its length alone: 400 KB of what is looked at twice', function () {
    this.timeout(60_000)
    for (const part of ['CN=a,', 'CN=a+', '\\', '"', ',', '=', '\\\\,', 'CN="', '#', '1.']) {
      isX500Name(`CN=${part.repeat(Math.ceil(400_000 / part.length))}`)
    }
  })
})
