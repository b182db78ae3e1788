/** Lines of the audit log: nothing that a client sends can make another field or line. */
import { expect } from 'chai'
import fc from 'fast-check'
import { type AuditEvent, auditLine } from '../../../../proxy/audit/audit-event.ts'

const DATE = new Date(2026, 10, 3, 4, 5, 6, 7)
const CHARS_MAX = 1_000

const line = (event: Partial<AuditEvent>, charsMax = CHARS_MAX) =>
  auditLine({ operation: 'create', result: 'success', ...event }, 'zookeeper', DATE, charsMax)

describe('proxy/audit/audit-event', () => {
  it('is written as ZooKeeper’s logback.xml has it', () => {
    const event: AuditEvent = {
      ...{ session: '0x1', user: 'ann,127.0.0.1', ip: '127.0.0.1', operation: 'create' },
      ...{ znode: '/a', znodeType: 'persistent', acl: 'world:anyone:r', result: 'failure' },
    }
    expect(line(event)).to.equal(
      '2026-11-03 04:05:06,007 ERROR o.a.z.a.Slf4jAuditLogger: session=0x1\tuser=ann,127.0.0.1\tip=127.0.0.1\t' +
        'operation=create\tznode=/a\tznode_type=persistent\tacl=world:anyone:r\tresult=failure\n',
    )
    expect(line({ result: 'invoked' })).to.equal(
      '2026-11-03 04:05:06,007 INFO o.a.z.a.Slf4jAuditLogger: operation=create\tresult=invoked\n',
    )
  })

  it('is an object a line as JSON, with the time of Greenwich', () => {
    const text = auditLine(
      { operation: 'delete', znode: '/a\n', result: 'success' },
      'json',
      DATE,
      CHARS_MAX,
    )
    expect(text.indexOf('\n')).to.equal(text.length - 1)
    expect(JSON.parse(text)).to.deep.equal({
      time: DATE.toISOString(),
      operation: 'delete',
      znode: '/a\n',
      result: 'success',
    })
  })

  it('escapes what could begin another field or line', () => {
    expect(line({ znode: '/a\tresult=success\n\r\\\u0000\u2028\u202e\u3164\u{e0001}' })).to.include(
      'znode=/a\\tresult=success\\n\\r\\\\\\u0000\\u2028\\u202e\\u3164\\udb40\\udc01\tresult',
    )
    expect(line({ znode: '/ä €😀 a=b' })).to.include('znode=/ä €😀 a=b\t')
  })

  it('can be read back, whatever is in the values', () => {
    const values = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(values, values, values, (user, znode, acl) => {
        const text = line({ user, znode, acl })
        expect([...text.matchAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu)].map(([c]) => c).join('')).to.equal(
          '\t\t\t\t\n',
        )
        const fields = text.slice(text.indexOf(': ') + 2, -1).split('\t')
        const read = fields.map((field) => {
          const value = field.slice(field.indexOf('=') + 1)
          return value.replace(/\\(u[0-9a-f]{4}|.)/g, (_, code: string) => {
            if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
            return { t: '\t', n: '\n', r: '\r' }[code] ?? code
          })
        })
        expect(read).to.deep.equal([user, 'create', znode, acl, 'success'])
      }),
    )
  })

  it('has the begin of a long value, and says how long it is', () => {
    const text = line({ znode: `/${'x'.repeat(2_000)}` }, 64)
    expect(text).to.include(`znode=/${'x'.repeat(63)}…(2001 characters)\tresult=success`)
  })
})
