/**
 * What three proxies report as their modes: in all words and formats one leader, also soon after it died. Read as tools read it: Solr's
 * status page and exporters over mntr.
 */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'

interface Server {
  readonly process: AnykeeperProcess
  readonly adminPort: number
}

/** As Solr's ZookeeperStatusHandler judges: by ruok, mntr and conf of every server of the connect string. */
async function solrErrors(servers: readonly Server[]): Promise<string[]> {
  const errors: string[] = []
  const states: string[] = []
  let reported = 0
  for (const { process } of servers) {
    if ((await process.fourLetterWord('ruok')) !== 'imok') errors.push('a server is not ok')
    const values = new Map<string, string>()
    for (const [word, separator] of [
      ['mntr', '\t'],
      ['conf', '='],
    ] as const) {
      for (const line of (await process.fourLetterWord(word)).trimEnd().split('\n')) {
        const [name = '', value] = line.split(separator)
        if (value === undefined) errors.push(`Unexpected line in '${word}': ${line}`)
        else values.set(name, value)
      }
    }
    const state = values.get('zk_server_state') ?? ''
    states.push(state)
    if (state === 'leader') reported = Number(values.get('zk_followers'))
  }
  const count = (state: string) => states.filter((one) => one === state).length
  if (count('standalone') > 1) errors.push('Only one zk allowed in standalone mode')
  if (count('leader') > 1) errors.push('Only one leader allowed')
  if (count('follower') > 0 && count('leader') === 0) errors.push('We do not have a leader')
  if (count('leader') > 0 && count('follower') !== reported) {
    errors.push(`Leader reports ${reported} followers, but we only found ${count('follower')}`)
  }
  if (states.length > 1 && count('leader') + count('follower') !== states.length) {
    errors.push('The zk nodes do not agree on their mode')
  }
  return errors
}

/** What such a one does not take back when it leaves is there for longer than the test, and no busy machine is silence. */
const LASTING = [
  ...['--proxy-ttl', '600000', '--store-silence-timeout', '60000'],
  ...['--freshness-timeout', '60000'],
]

describe('observe/mode', function () {
  this.timeout(180_000)
  let etcd: EtcdServer
  const servers: Server[] = []

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    for (let i = 0; i < 3; i++) servers.push(await serve(...(i === 0 ? [] : LASTING)))
  })
  after(async () => {
    for (const { process } of servers) await process.kill()
    await etcd?.stop()
  })

  async function serve(...more: string[]): Promise<Server> {
    const adminPort = await freePort()
    const process = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      args: ['--admin-listen', `127.0.0.1:${adminPort}`, ...more],
    })
    return { process, adminPort }
  }

  /** In srvr, stat, mntr, /commands and /metrics. */
  async function modesOf({ process, adminPort }: Server): Promise<string[]> {
    const word = async (name: string, pattern: RegExp) =>
      pattern.exec(await process.fourLetterWord(name))?.[1] ?? 'none'
    const { server_state } = (await http(adminPort, '/commands/monitor')).json()
    const { body } = await http(adminPort, '/metrics')
    return [
      await word('srvr', /^Mode: (\w+)$/m),
      await word('stat', /^Mode: (\w+)$/m),
      await word('mntr', /^zk_server_state\t(\w+)$/m),
      String(server_state),
      /^anykeeper_mode\{mode="(\w+)"\} 1$/m.exec(body)?.[1] ?? 'none',
    ]
  }
  /** Solr has nothing to complain of then. */
  const agreed = (...expected: readonly string[]): Promise<true> =>
    eventually(`modes ${expected.join()}`, async () => {
      const modes: string[] = []
      for (const server of servers) modes.push([...new Set(await modesOf(server))].join(' or '))
      expect(modes).to.deep.equal(expected)
      expect(await solrErrors(servers)).to.deep.equal([])
      return true
    })

  it('one leads, the oldest, with the others as its followers; Solr has nothing to complain of', async () => {
    await agreed('leader', 'follower', 'follower')
    const mntr = await servers[0]!.process.fourLetterWord('mntr')
    for (const name of ['learners', 'followers', 'synced_followers']) {
      expect(mntr).to.match(new RegExp(`^zk_${name}\t2$`, 'm'))
    }
    expect(mntr).to.match(/^zk_quorum_size\t3$/m)
    const { body } = await http(servers[0]!.adminPort, '/metrics')
    expect(body).to.match(/^synced_followers 2$/m)
    expect((await http(servers[1]!.adminPort, '/commands/leader')).json()).to.deep.include({
      is_leader: false,
      leader_ip: servers[0]!.process.connectString,
    })
  })

  it('the leader is killed: the next one leads, and Solr is content with those that are left', async () => {
    const [first] = servers.splice(0, 1)
    await first!.process.kill()
    const sinceMs = performance.now()
    await agreed('leader', 'follower')
    console.log(`      after ${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`)
  })

  it('a new one follows; the leader leaves in order: another leads immediately', async () => {
    servers.push(await serve(...LASTING))
    await agreed('leader', 'follower', 'follower')
    const [first] = servers.splice(0, 1)
    // Killed, it would stay in the list.
    await first!.process.child.stop({ graceMs: 60_000 })
    await agreed('leader', 'follower')
    servers.splice(1, 1)[0]!.process.child.signal('SIGTERM')
    await agreed('standalone')
  })
})
