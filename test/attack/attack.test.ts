/**
 * Each attack of one client, on a server that others use: they are not disconnected, a new client is served, and
 * what is stored is there after a restart. How long others wait is not judged here: `npm run test:attack` tells it.
 */
import { expect } from 'chai'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { attackOnce, Bystander } from './attack-run.ts'
import { ATTACKS } from './attacks.ts'

describe('attacks of one client', function () {
  this.timeout(120_000)
  let folder: string
  let proxy: AnykeeperProcess
  let bystander: Bystander | undefined

  before(async () => {
    folder = temporaryFolder('attack')
    proxy = new AnykeeperProcess(await freePort(), {
      store: `file:${folder}`,
      args: ['--log-level', 'error', '--four-letter-words', '*'],
    })
    await proxy.start()
  })
  afterEach(() => {
    bystander?.stop()
    bystander = undefined
  })
  after(async () => {
    await proxy.stop()
    removeFolder(folder)
  })

  const metric = async (name: string): Promise<number> => {
    const text = await proxy.fourLetterWord('mntr')
    return Number(new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(text)?.[1])
  }

  for (const attack of ATTACKS) {
    it(`${attack.name}: others are served`, async () => {
      bystander = await Bystander.start(proxy.port)
      const { bystander: seen } = await attackOnce(
        attack,
        { port: proxy.port, pid: proxy.child.pid },
        bystander,
      )
      expect(seen.disturbed, proxy.child.output).to.equal(0)
      expect(seen.answered).to.be.above(0)
    })
  }

  it('requests in flight never had more bytes than their budget and one more each', async () => {
    // Eight clients sent 1 MB each beyond it, at most.
    expect(await metric('anykeeper_request_bytes_peak')).to.be.below(128 * 2 ** 20 + 8 * 2 ** 20)
    expect(await metric('anykeeper_request_bytes')).to.equal(0)
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
    expect((await again.getAllChildrenNumber('/d')).record).to.deep.include({ count: 3_999 })
    await again.close()
  })
})
