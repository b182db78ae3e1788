/**
 * Two proxies serve clients of a real ensemble while it leads, with a store on a real etcd: its leader is killed, a session moves
 * both ways, and the take-over under load disconnects nobody, neither here nor a kazoo client of another process.
 */
import { expect } from 'chai'
import { PythonScript } from '../ecosystem/python-script.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { serveRun } from './serving/serve-run.ts'

describe('migrate: clients are served while ZooKeeper leads', function () {
  this.timeout(240_000)
  let etcd: EtcdServer

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9', 'kazoo')
    etcd = await startEtcd({ binary: etcdProgram() })
  })
  after(() => etcd?.stop())

  it('loses nothing that was acknowledged, and the take-over disconnects nobody', async () => {
    let kazoo: PythonScript | undefined
    let turns = 0
    try {
      const report = await serveRun({
        ...{ line: '3.9', kills: 1, url: `etcd://${etcd.host}` },
        onServing: async (connectString) => {
          kazoo = new PythonScript('moves.py', [connectString, '-', '/room'])
          await kazoo.next()
        },
        onTaken: async () => {
          turns++
          kazoo?.goAhead()
          const turn = await kazoo?.next()
          expect(turn?.states).to.deep.equal(['CONNECTED'])
          expect(turn?.owner).to.equal(turn?.session)
          expect(turn?.sequence).to.equal('/room/line/n-0000000001')
        },
      })
      expect(report).to.deep.include({ missing: [], twice: [], problems: [], statesAtTakeOver: [] })
      expect(report.acked).to.be.greaterThan(200)
      expect(turns).to.equal(1)
    } finally {
      await kazoo?.kill()
    }
  })
})
