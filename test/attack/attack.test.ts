/**
 * Each attack of one client, on a server that others use: they are not disconnected, a new client is served, and
 * what is stored is there after a restart. How long others wait is not judged here: `npm run test:attack` tells it.
 */
import { expect } from 'chai'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { attackOnce, Bystander } from './attack-run.ts'
import { attacksOf } from './attacks/list.ts'
import { QUICK } from './attacks/sizes.ts'

const IN_FLIGHT = 'anykeeper_request_bytes'
const WAITS = { calmMs: 100, preparedMs: 0, settleMs: 0 }

describe('attacks of one client', function () {
  this.timeout(120_000)
  let folder: string
  let proxy: AnykeeperProcess
  let bystander: Bystander

  before(async () => {
    folder = temporaryFolder('attack')
    proxy = new AnykeeperProcess(await freePort(), {
      store: `file:${folder}`,
      args: [
        ...['--log-level', 'error', '--four-letter-words', '*'],
        // Those that do not greet are waited for.
        ...['--greeting-timeout', '2000'],
      ],
    })
    await proxy.start()
    bystander = await Bystander.start(proxy.port)
  })
  after(async () => {
    bystander.stop()
    await proxy.stop()
    removeFolder(folder)
  })

  const metric = async (name: string): Promise<number> => {
    const text = await proxy.fourLetterWord('mntr')
    return Number(new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(text)?.[1])
  }

  for (const attack of attacksOf(QUICK)) {
    it(`${attack.name}: others are served`, async () => {
      const { pid, running: isRunning } = proxy.child
      const server = { port: proxy.port, pid, isRunning }
      const row = await attackOnce(attack, QUICK, server, bystander, WAITS)
      expect(row.bystander.failed, proxy.child.output).to.equal(0)
      expect(row.bystander.disconnected, proxy.child.output).to.equal(0)
      expect(row.outcome).to.not.include('lost')
    })
  }

  it('handshakes that do not end were ended by their deadline', async () => {
    expect(await metric('sessionless_connections_expired')).to.be.at.least(QUICK.silentClients)
  })

  it('requests in flight never had more bytes than their budget and one more each', async () => {
    // Each client sent one of 1 MB beyond it, at most.
    const clients = Math.max(8, QUICK.aheadClients)
    expect(await metric('anykeeper_request_bytes_peak')).to.be.below((128 + clients) * 2 ** 20)
    bystander.stop()
    await eventually('no request in flight', async () => (await metric(IN_FLIGHT)) === 0)
    expect(await metric('anykeeper_slices_used')).to.be.above(0)
  })

  it('all of it is there after a kill', async () => {
    const znodes = await metric('znode_count')
    const client = await RawClient.connect({ port: proxy.port })
    await client.create('/last')
    client.destroy()
    await proxy.kill()
    await proxy.start()
    // Sessions are gone when they expire, and with them no znode: the attackers' ephemerals went before.
    expect(await metric('znode_count')).to.equal(znodes + 1)
    const again = await RawClient.connect({ port: proxy.port })
    expect((await again.exists('/last')).err).to.equal(0)
    const { record } = await again.getAllChildrenNumber('/d')
    expect(record).to.deep.include({ count: QUICK.levels - 1 })
    await again.close()
  })
})
