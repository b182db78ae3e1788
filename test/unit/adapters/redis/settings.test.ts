/** What is refused or warned of, by what a server says. Real servers: test/adapters/redis-open.test.ts. */
import { expect } from 'chai'
import type { Commands } from '../../../../adapters/redis/link.ts'
import {
  assertUsable,
  readSettings,
  type Settings,
  settingsWarnings,
} from '../../../../adapters/redis/settings.ts'

const good: Settings = {
  version: '7.0.15',
  isReplica: false,
  isCluster: false,
  replicas: 0,
  appendOnly: true,
  appendFsync: 'always',
  maxMemory: 0,
  maxMemoryPolicy: 'noeviction',
}

describe('adapters/redis/settings', () => {
  it('takes 6.2 and later', () => {
    for (const version of ['6.2.0', '6.10.1', '7.0.15', '8.0.0', undefined]) {
      assertUsable({ ...good, version })
    }
    for (const version of ['6.0.16', '5.0.3', '2.8']) {
      expect(() => assertUsable({ ...good, version }), version).to.throw('6.2 or later')
    }
  })

  it('an eviction policy matters only where memory is bounded', () => {
    const evicting = { ...good, maxMemoryPolicy: 'allkeys-lfu' }
    assertUsable(evicting)
    expect(() => assertUsable({ ...evicting, maxMemory: 1 })).to.throw('noeviction')
    expect(() => assertUsable({ ...evicting, maxMemory: undefined })).to.throw('noeviction')
  })

  it('warns of every promise that is weaker than ZooKeeper’s', () => {
    expect(settingsWarnings(good)).to.deep.equal([])
    const warned = (change: Partial<Settings>) => settingsWarnings({ ...good, ...change }).join()
    expect(warned({ appendOnly: false, appendFsync: 'always' })).to.include('appendonly is no')
    expect(warned({ appendFsync: 'everysec' })).to.include('appendfsync is everysec')
    expect(warned({ appendFsync: undefined })).to.include('does not report its appendonly')
    expect(warned({ replicas: 2 })).to.include('asynchronous')
    expect(warned({ version: undefined })).to.include('does not report its version')
  })

  it('reads what INFO and CONFIG say, and goes on without CONFIG', async () => {
    const info = [
      '# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# Memory\r\nmaxmemory:5\r\n',
      'maxmemory_policy:volatile-lru\r\n# Persistence\r\naof_enabled:1\r\n# Replication\r\n',
      'role:master\r\nconnected_slaves:1\r\n',
    ].join('')
    const answering = (config: () => Promise<unknown>): Commands => ({
      command: async (name) => (name === 'INFO' ? Buffer.from(info) : config()),
      script: async () => [],
    })
    const told = await readSettings(
      answering(async () => [Buffer.from('appendfsync'), Buffer.from('everysec')]),
    )
    expect(told).to.deep.equal({
      ...good,
      replicas: 1,
      appendFsync: 'everysec',
      maxMemory: 5,
      maxMemoryPolicy: 'volatile-lru',
    })
    const forbidden = await readSettings(
      answering(async () => {
        throw Object.assign(new Error("ERR unknown command 'CONFIG'"), { name: 'ReplyError' })
      }),
    )
    expect(forbidden).to.deep.equal({ ...told, appendFsync: undefined })
  })
})
