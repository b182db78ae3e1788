/** `anykeeper migrate verify`: a real ZooKeeper’s snapshot in a store, compared with the one that it comes from. */
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { importTree } from '../../lib/index.ts'
import { TreeExport } from '../../lib/transfer/export.ts'
import { finishTree } from '../../lib/transfer/zookeeper/finished-tree.ts'
import { WRITTEN_PROPERTIES, writeEverything } from '../copy/zookeeper-writes.ts'
import type { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { firstOfFeed } from './first-of-feed.ts'

describe('migrate verify', function () {
  this.timeout(120_000)
  let server: ZookeeperServer
  let quorumPort: number
  let owner: RawClient | undefined
  let pings: NodeJS.Timeout
  let folder: string

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    folder = temporaryFolder('migrate-verify')
    const started = await startZookeeperLeader({
      ...{ version: '3.8', tickTimeMs: 500, properties: WRITTEN_PROPERTIES },
    })
    server = started.server
    // Looking for it on the client port would need a session, and that is a transaction.
    quorumPort = started.quorumPort
    owner = (await writeEverything(server.port, '3.8')).owner
    pings = setInterval(() => void owner?.ping(), 1_000)
  })
  after(async () => {
    clearInterval(pings)
    owner?.destroy()
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  /** The tree as it is now, with what `change` does to its lines. */
  async function copied(name: string, change = (line: string) => line): Promise<string> {
    const first = await firstOfFeed({
      ...{ servers: [], quorum: [{ host: '127.0.0.1', port: quorumPort }] },
    })
    if (!('tree' in first)) throw new Error(first.why)
    const { tree } = first
    const { sessions } = finishTree(tree, { withTtl: false })
    for (const [path, node] of tree.entries()) {
      if (path === '/plain') node.data = change(node.data ?? '')
    }
    const url = `file:${join(folder, name)}`
    const store = await openStore(url)
    try {
      const lines = new TreeExport({ tree, sessions, zxid: tree.zxid }, '/', true)
      await importTree({ store, input: [Buffer.from([...lines].join(''))] })
    } finally {
      await store.close()
    }
    return url
  }

  const verify = (store: string, ...flags: string[]) =>
    runAnykeeper([
      ...['migrate', 'verify', '--source', server.connectString, '--store', store],
      ...['--quorum', `127.0.0.1:${quorumPort}`],
      ...flags,
    ])

  it('ends with 0 where every znode and session is the same', async () => {
    const { code, stdout, stderr } = await verify(await copied('same'))
    expect(stderr + stdout).to.match(
      /^equal at zxid 0x1[0-9a-f]{8}: \d+ znodes, 1 sessions, sha256/,
    )
    expect(code).to.equal(0)
  })

  it('ends with 8 where one differs, and names it', async () => {
    const { code, stdout } = await verify(await copied('other', () => 'other'))
    expect(stdout).to.match(/^differs: \/plain differs in data\n1 differences at zxid/)
    expect(code).to.equal(8)
  })

  it('ends with 5 where the store is behind, and nobody brings it further', async () => {
    const behind = await copied('behind')
    await owner?.setData('/plain', 'later')
    const { code, stderr } = await verify(behind, '--timeout', '2')
    expect(stderr).to.match(
      /did not get to 0x1[0-9a-f]{8} within 2000 ms|given up after 2000 ms while the trees were compared/,
    )
    expect(code).to.equal(5)
  })
})
