/**
 * Four-letter words, read with what real tools read them with, and compared with a real server's.
 */
import { connect } from 'node:net'
import { expect } from 'chai'
import { StoreError } from '../../lib/index.ts'
import { WORDS } from '../../proxy/admin/four-letter-words.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import type { RawClient } from '../support/raw-client.ts'
import { requireOrSkip, zookeeperRequirement } from '../support/requirements.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'

const ask = (port: number, word: string): Promise<string> =>
  fourLetterWord({ host: '127.0.0.1', port }, word)

/** go-zookeeper's flw.go, in its own words. */
const GO_SRVR =
  /(?:\nZookeeper version: |^Zookeeper version: )([A-Za-z0-9._-]+), built on (\d\d\/\d\d\/\d\d\d\d \d\d:\d\d [A-Za-z0-9:+-]+)\nLatency min\/avg\/max: (\d+)\/([0-9.]+)\/(\d+)\nReceived: (\d+).*\n^Sent: (\d+).*\nConnections: (\d+)\nOutstanding: (\d+)\nZxid: (0x[A-Za-z0-9]+)\nMode: (\w+)\nNode count: (\d+)/m
const GO_CONS =
  /\/([0-9.]+):(\d+)\[(\d+)\]\(queued=(\d+),recved=(\d+),sent=(\d+),sid=(0x[A-Za-z0-9]+),lop=(\w+),est=(\d+),to=(\d+),lcxid=(0x[A-Za-z0-9]+),lzxid=(0x[A-Za-z0-9]+),lresp=(\d+),llat=(\d+),minlat=(\d+),avglat=([0-9.]+),maxlat=(\d+)\)/
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n'
const HEX = '0x[0-9a-f]+'

describe('four-letter words', () => {
  let bench: WireBench
  let served: Served
  let client: RawClient
  let sid: string

  before(async () => {
    bench = new WireBench()
    served = await bench.serve({ proxy: { fourLetterWords: ['*'] } })
    client = await bench.connect(served, { timeoutMs: 30_000 })
    sid = `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`
    await client.create('/parent', { data: 'x'.repeat(100) })
    await client.create('/parent/e', { flags: 1 })
    await client.exists('/parent/e', true)
    await client.getData('/parent', true)
  })
  after(() => bench.close())

  const answer = (word: string): Promise<string> => ask(served.port, word)
  const pairs = (text: string, separator: string): Map<string, string> =>
    new Map(
      text
        .split('\n')
        .filter((line) => line.includes(separator))
        .map((line) => {
          const at = line.indexOf(separator)
          return [line.slice(0, at), line.slice(at + separator.length)]
        }),
    )

  it('ruok: imok, and nothing else, not even a line end', async () => {
    expect(await answer('ruok')).to.equal('imok')
  })

  it('isro: rw, which kazoo compares as it is', async () => {
    expect(await answer('isro')).to.equal('rw')
  })

  it('srvr, as go-zookeeper reads it', async () => {
    const match = GO_SRVR.exec(await answer('srvr'))
    expect(match).to.not.equal(null)
    const [, version, , , , , received, sent, connections, , zxid, mode, nodes] = match!
    expect(version).to.match(/^3\.8\./)
    expect(Number(received)).to.be.at.least(4)
    expect(Number(sent)).to.be.at.least(4)
    expect(Number(connections)).to.be.at.least(1)
    expect(Number(zxid)).to.equal(served.keeper.replica.zxid)
    expect(mode).to.equal('standalone')
    // The root, /zookeeper with its two, and ours.
    expect(Number(nodes)).to.equal(6)
  })

  it('stat: srvr with the clients before its numbers', async () => {
    const text = await answer('stat')
    expect(text).to.match(
      /^Zookeeper version: .*\nClients:\n( \/127\.0\.0\.1:\d+\[\d\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\nLatency min\/avg\/max: /,
    )
    expect(text).to.contain(` /127.0.0.1:${client.socket.localPort}[1](queued=0,recved=5,sent=5)\n`)
    expect(text.endsWith('Node count: 6\n')).to.equal(true)
  })

  it('cons, as go-zookeeper reads it', async () => {
    const lines = (await answer('cons')).split('\n')
    const own = lines.find((line) => line.includes(`:${client.socket.localPort}[`))!
    const match = GO_CONS.exec(own)
    expect(match, own).to.not.equal(null)
    const { 5: recved, 6: sent, 7: id, 8: lop, 10: to, 12: lzxid } = match!
    expect([recved, sent, id, to]).to.deep.equal(['5', '5', sid, '30000'])
    expect(lop).to.be.a('string').and.not.equal('NA')
    expect(Number(lzxid)).to.equal(served.keeper.replica.zxid)
  })

  it('mntr: key, tab, value; what Solr and exporters look for', async () => {
    const text = await answer('mntr')
    for (const line of text.trimEnd().split('\n')) expect(line).to.match(/^zk_\w+\t[^\t]+$/)
    const values = pairs(text, '\t')
    expect([...values.keys()].slice(0, 2)).to.deep.equal(['zk_version', 'zk_server_state'])
    expect(values.get('zk_server_state')).to.equal('standalone')
    expect(values.get('zk_znode_count')).to.equal('6')
    expect(values.get('zk_ephemerals_count')).to.equal('1')
    expect(values.get('zk_watch_count')).to.equal('2')
    expect(values.get('zk_global_sessions')).to.equal('1')
    for (const [key, value] of values) {
      if (key !== 'zk_version' && key !== 'zk_server_state') {
        expect(value, key).to.match(/^-?\d+(\.\d+)?$/)
      }
    }
  })

  it('conf: key=value lines, as Solr splits them', async () => {
    const values = pairs(await answer('conf'), '=')
    expect(values.get('clientPort')).to.equal(`${served.port}`)
    expect(values.get('tickTime')).to.equal('3000')
    expect(values.get('minSessionTimeout')).to.equal('6000')
    expect(values.get('maxSessionTimeout')).to.equal('60000')
    expect(values.get('serverId')).to.match(/^\d+$/)
  })

  it('envi: where kazoo reads the version', async () => {
    const text = await answer('envi')
    expect(text).to.match(/^Environment:\n/)
    const version = pairs(text, '=').get('zookeeper.version')
    expect(version).to.match(/^\d+\.\d+\.\d+/)
  })

  it('dump: sessions, ephemerals by owner, connections', async () => {
    const text = await answer('dump')
    const pattern = [
      'SessionTracker dump:',
      String.raw`Session Sets \(\d+\)/\(1\):`,
      '1 with a timeout of 30000ms:',
      `\t${sid}`,
      'ephemeral nodes dump:',
      String.raw`Sessions with Ephemerals \(1\):`,
      `${sid}:`,
      '\t/parent/e',
      'Connections dump:',
    ].join('\n')
    expect(text).to.match(new RegExp(`^${pattern}\n`))
  })

  it('wchs, wchc, wchp: watches counted, by session, by path', async () => {
    expect(await answer('wchs')).to.equal('1 connections watching 2 paths\nTotal watches:2\n')
    const bySession = await answer('wchc')
    expect(bySession).to.match(new RegExp(`^${HEX}\n(\t/.*\n)+`))
    expect(bySession.trimEnd().split('\n').sort()).to.deep.equal(
      ['\t/parent', '\t/parent/e', sid].sort(),
    )
    const byPath = await answer('wchp')
    expect(byPath).to.contain(`/parent/e\n\t${sid}\n`)
    expect(byPath).to.contain(`/parent\n\t${sid}\n`)
  })

  it('dirs: two sizes', async () => {
    expect(await answer('dirs')).to.match(/^datadir_size: \d+\nlogdir_size: \d+\n$/)
  })

  it('crst and srst set back what they name', async () => {
    expect(await answer('crst')).to.equal('Connection stats reset.\n')
    expect(await answer('cons')).to.match(
      new RegExp(`:${client.socket.localPort}\\[1\\]\\(queued=0,recved=0,sent=0,`),
    )
    expect(await answer('srst')).to.equal('Server stats reset.\n')
    const values = pairs(await answer('mntr'), '\t')
    expect(Number(values.get('zk_packets_sent'))).to.be.below(3)
  })

  it('a word in pieces, with a line end behind it, is the word', async () => {
    const socket = connect({ port: served.port, host: '127.0.0.1' })
    socket.setNoDelay(true)
    let text = ''
    socket.setEncoding('utf8').on('data', (more) => {
      text += more
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('connect', resolve))
    for (const piece of ['r', 'uo', 'k\n']) {
      await new Promise((resolve) => socket.write(piece, resolve))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await closed
    expect(text).to.equal('imok')
  })

  it('words that are none are lengths: closed without an answer', async () => {
    for (const word of ['quit', 'RUOK', 'zzzz']) expect(await answer(word)).to.equal('')
  })

  it('words not on the list are refused by name, and do nothing', async () => {
    const shy = await bench.serve({ proxy: { fourLetterWords: ['ruok', 'srvr'] } })
    expect(await ask(shy.port, 'ruok')).to.equal('imok')
    for (const word of WORDS) {
      if (word === 'ruok' || word === 'srvr') continue
      expect(await ask(shy.port, word)).to.equal(
        `${word} is not executed because it is not in the whitelist.\n`,
      )
    }
  })

  it('by default those that change something are not on the list', async () => {
    const usual = await bench.serve()
    for (const word of ['crst', 'srst']) {
      expect(await ask(usual.port, word)).to.match(/not in the whitelist/)
    }
    expect(await ask(usual.port, 'mntr')).to.match(/^zk_version\t/)
  })

  it('while the store is out of reach they say so, and what is not about it is still told', async () => {
    const own = new WireBench()
    try {
      const lost = await own.serve({
        limits: { storeSilenceMsMax: 800, proxyTtlMs: 2_000 },
        proxy: { fourLetterWords: ['*'] },
      })
      lost.store.keepLeaseAlive = async () => {
        throw new StoreError('STORE_TIMEOUT', 'injected: no answer')
      }
      await new Promise<void>((resolve) => {
        lost.keeper.onServingChange = (serving) => serving || resolve()
      })
      const why = await ask(lost.port, 'ruok')
      expect(why.startsWith(NOT_SERVING)).to.equal(true)
      expect(why.slice(NOT_SERVING.length)).to.match(/^no heartbeat for \d+ ms, no proof/)
      expect(await ask(lost.port, 'isro')).to.equal('null')
      for (const word of ['srvr', 'stat', 'cons', 'dump', 'wchs', 'wchc', 'wchp', 'dirs']) {
        expect(await ask(lost.port, word), word).to.equal(NOT_SERVING)
      }
      expect(await ask(lost.port, 'conf')).to.match(/^clientPort=/)
      expect(await ask(lost.port, 'envi')).to.match(/^Environment:/)
      expect(await ask(lost.port, 'mntr')).to.match(/\nzk_anykeeper_serving\t0\n/)
    } finally {
      await own.close()
    }
  })

  for (const version of ['3.8', '3.9'] as const) {
    describe(`beside a real server of ${version}`, () => {
      let oracle: ZookeeperServer
      let onOracle: RawClient

      before(async function () {
        this.timeout(90_000)
        requireOrSkip(this, zookeeperRequirement[version])
        oracle = await startZookeeper({ version })
        // A start takes longer on a busy machine than the session of before lasts.
        await bench.connect(served, { timeoutMs: 60_000 })
        onOracle = await bench.connect(oracle, { timeoutMs: 40_000 })
        await onOracle.getData('/', true)
      })
      after(() => oracle?.stop())

      const keysOf: Record<string, (text: string) => string[]> = {
        conf: (text) => [...pairs(text, '=').keys()],
        srvr: (text) => [...pairs(text, ':').keys()],
        cons: (text) => [...text.matchAll(/(\w+)=/g)].map((match) => match[1]!),
        envi: (text) => [...pairs(text, '=').keys()],
        dirs: (text) => [...pairs(text, ':').keys()],
      }

      /** All of a real server's but its JVM. */
      const notOurs: Record<string, RegExp> = { envi: /^(java|user|os)\./ }

      for (const [word, keys] of Object.entries(keysOf)) {
        it(`${word}: the keys of a real server`, async () => {
          const theirs = keys(await oracle.fourLetterWord(word))
          const ours = new Set(keys(await answer(word)))
          expect(theirs).to.not.have.length(0)
          const lacking = [...new Set(theirs)].filter((key) => !ours.has(key))
          expect(lacking.filter((key) => notOurs[word]?.test(key) !== true)).to.deep.equal([])
        })
      }

      it('mntr: what dashboards and exporters read, under its names', async () => {
        const keys = (text: string): string[] => [...pairs(text, '\t').keys()]
        const monitored = [
          ...['version', 'server_state', 'avg_latency', 'max_latency', 'min_latency'],
          ...['packets_received', 'packets_sent', 'num_alive_connections', 'outstanding_requests'],
          ...['znode_count', 'watch_count', 'ephemerals_count', 'approximate_data_size'],
          ...['open_file_descriptor_count', 'max_file_descriptor_count', 'uptime'],
          ...['global_sessions', 'local_sessions', 'stale_sessions_expired', 'auth_failed_count'],
          ...['connection_rejected', 'connection_request_count', 'bytes_received_count'],
          ...['response_bytes', 'sessionless_connections_expired', 'avg_updatelatency'],
          ...['cnt_updatelatency', 'sum_updatelatency', 'min_updatelatency', 'max_updatelatency'],
        ].map((name) => `zk_${name}`)
        expect(keys(await oracle.fourLetterWord('mntr'))).to.include.members(
          // Newer servers have this one.
          monitored.filter((name) => name !== 'zk_auth_failed_count'),
        )
        const ours = keys(await answer('mntr'))
        expect(ours).to.include.members(monitored)
        expect(new Set(ours).size).to.equal(ours.length)
      })

      it('the words it knows are ours, but for its trace mask', async () => {
        const candidates = [
          ...['conf', 'cons', 'crst', 'dirs', 'dump', 'envi', 'gtmk', 'hash', 'icfg', 'isro'],
          ...['lead', 'mntr', 'obsr', 'orst', 'ruok', 'srst', 'srvr', 'stat', 'sysp', 'wchc'],
          ...['wchp', 'wchs'],
        ]
        const known: string[] = []
        for (const word of candidates) {
          // What is no word there is a length too large.
          if ((await oracle.fourLetterWord(word).catch(() => '')) !== '') known.push(word)
        }
        expect(known.filter((word) => !WORDS.has(word))).to.deep.equal(['gtmk'])
      })
    })
  }
})
