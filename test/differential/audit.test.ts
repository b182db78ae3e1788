/**
 * The audit log beside ZooKeeper 3.9's, for the same requests: which have a line, and what is on it. Left out: session ids, the order of
 * several users, digests in ACLs, and the order in which ephemerals go with their session.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import type { RawAcl } from '../support/raw-codec.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

const acl = (scheme: string, id: string, perms = 31): RawAcl => ({ scheme, id, perms })
const DIGEST = 'ann:PzQuwAeGYqX3tqVNhPShLE0rUTQ='
/** The last one's line says that all are there. */
const LAST = '/last'

async function play(port: number): Promise<void> {
  const ann = await RawClient.connect({ port })
  for (const flags of [0, 1, 2, 3, 4]) await ann.create(`/c${flags}-`, { flags })
  await ann.create2('/c2', { data: 'not to be seen' })
  await ann.createContainer('/container', { flags: 4 })
  await ann.createContainer('/container0')
  await ann.createTtl('/ttl', 60_000, { flags: 5 })
  await ann.createTtl('/ttl-', 60_000, { flags: 6 })
  await ann.create('/c2')
  await ann.create('/no/parent')
  await ann.create('/bad', { flags: 77 })
  await ann.create('/acl', { acl: [] })
  await ann.create('//x')
  await ann.auth('digest', 'ann:secret')
  await ann.auth('digest', 'bob:secret')
  await ann.setData('/c2', 'not to be seen')
  await ann.setData('/c2', 'x', 77)
  await ann.setData('/nothing', 'x')
  await ann.setAcl('/c2', [acl('world', 'anyone', 1), acl('auth', ''), acl('digest', DIGEST, 21)])
  await ann.setAcl('/c2', [acl('ip', '127.0.0.1'), acl('digest', DIGEST, 0)], 77)
  await ann.setAcl('/nothing', [acl('world', 'anyone')])
  await ann.getData('/c2')
  await ann.exists('/nothing')
  await ann.sync('/')
  await ann.reconfig({ joining: '', leaving: '', newMembers: '', curConfigId: -1 })
  await ann.multi([
    { op: 1, path: '/m' },
    { op: 15, path: '/m/e', flags: 1 },
    { op: 1, path: '/m/s-', flags: 2 },
    { op: 19, path: '/m/c', flags: 4 },
    { op: 21, path: '/m/t', flags: 5, ttlMs: 60_000 },
    { op: 13, path: '/m' },
    { op: 5, path: '/m', data: 'not to be seen' },
    { op: 2, path: '/m/c' },
  ])
  await ann.multi([
    { op: 1, path: '/n' },
    { op: 2, path: '/nothing' },
  ])
  await ann.multi([{ op: 1, path: '/n', flags: 77 }])
  await ann.multi([])
  const plain = await RawClient.connect({ port })
  await plain.delete('/ttl')
  await plain.delete('/ttl')
  await plain.setData('/c2', 'not permitted')
  await plain.close()
  await ann.close()
  const last = await RawClient.connect({ port })
  await last.create(LAST)
  last.destroy()
}

/** From what was logged to what can be compared. */
function canonical(lines: readonly string[]): string[] {
  const sessions = new Map<string, string>()
  const out: string[] = []
  let ended: string[] = []
  for (const line of lines) {
    const fields = line.split('\t').map((field) => {
      const [name = '', ...rest] = field.split('=')
      const value = rest.join('=')
      if (name === 'session') {
        if (!sessions.has(value)) sessions.set(value, `session ${sessions.size}`)
        return `session=${sessions.get(value)}`
      }
      if (name === 'user') return `user=${value.split(',').sort().join(',')}`
      if (name === 'acl') return `acl=${value.replace(/(digest:[^:]+:)[^:]+:/g, '$1x:')}`
      return field
    })
    if (line.includes('ephemeralZNodeDeletion')) ended.push(fields.join(' '))
    else {
      out.push(...ended.sort(), fields.join(' '))
      ended = []
    }
  }
  return [...out, ...ended.sort()]
}

describe('differential: the audit log', function () {
  this.timeout(120_000)

  it('has the lines that ZooKeeper 3.9 has, with the same fields', async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    const folder = temporaryFolder('audit')
    const file = join(folder, 'audit.log')
    const oracle = await startZookeeper({
      version: '3.9',
      properties: { 'zookeeper.audit.enable': 'true' },
    })
    const proxy = await startAnykeeper({ args: ['--audit', '--audit-file', file] })
    try {
      await play(oracle.port)
      await play(proxy.port)
      const isDone = (text: string) => text.includes(`znode=${LAST}\t`)
      await eventually('all lines', () => isDone(readFileSync(file, 'utf8')))
      await eventually('all lines of ZooKeeper', () => isDone(oracle.child.output))
      await proxy.stop()
      const theirs = oracle.child.output
        .split('\n')
        .flatMap((line) => /Slf4jAuditLogger - (.*)/.exec(line)?.[1] ?? [])
      const log = readFileSync(file, 'utf8')
      const ours = log
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const pattern =
            /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|ERROR) o\.a\.z\.a\.Slf4jAuditLogger: (.*)$/
          const [, level, text] = pattern.exec(line) ?? []
          expect(level, line).to.equal(line.endsWith('result=failure') ? 'ERROR' : 'INFO')
          return text as string
        })
      expect(ours.at(-1)).to.match(/^user=\S+\toperation=serverStop\tresult=invoked$/)
      expect(canonical(ours.slice(0, -1))).to.deep.equal(canonical(theirs))
      // Neither data nor what a password can be guessed from.
      for (const secret of ['not to be seen', 'not permitted', DIGEST.slice(4), 'secret']) {
        expect(log).to.not.include(secret)
      }
    } finally {
      await oracle.stop()
      await proxy.stop()
      removeFolder(folder)
    }
  })
})
