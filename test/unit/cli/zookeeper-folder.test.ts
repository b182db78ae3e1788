/** Folders of ZooKeeper as they should not be: each ends with a sentence that names what is wrong, and nothing is waited for. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { UsageError } from '../../../cli/flags.ts'
import { writeSnapshot, zookeeperFolder } from '../../../cli/zookeeper-folder.ts'
import { CopyError, readZookeeper, type ZookeeperFolder } from '../../../lib/index.ts'
import { logTail } from '../../../lib/transfer/zookeeper/log-tail.ts'
import { asOtherUser } from '../../support/other-user.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { create, ScriptedSource } from '../lib/migrate/scripted-source.ts'
import { logFiles } from '../lib/migrate/written-logs.ts'

describe('cli/zookeeper-folder', () => {
  let top: string
  let version2: string
  let log: string

  beforeEach(() => {
    top = temporaryFolder('zookeeper-folder')
    version2 = join(top, 'version-2')
    mkdirSync(version2)
    const source = new ScriptedSource()
    source.commit(1n, create('/a'))
    source.commit(1n, create('/b'))
    const [[name, bytes]] = [...logFiles(source.log)] as [[string, Buffer]]
    log = join(version2, name)
    writeFileSync(log, bytes)
  })
  afterEach(() => removeFolder(top))

  const count = async (folder: ZookeeperFolder): Promise<number> => {
    let transactions = 0
    for await (const _ of logTail(folder, 2 ** 32)) transactions++
    return transactions
  }
  const reasonOf = async (run: () => unknown): Promise<Error> => {
    try {
      await run()
    } catch (error) {
      return error as Error
    }
    return new Error('it did not fail')
  }

  it('reads a dataDir, its version-2, and either by a symbolic link', async () => {
    const link = join(top, 'link')
    symlinkSync(top, link)
    for (const path of [top, version2, link, join(link, 'version-2')]) {
      expect(await count(zookeeperFolder(path)), path).to.equal(2)
    }
  })

  it('reads a log that is a symbolic link to a file', async () => {
    const elsewhere = join(top, 'elsewhere')
    mkdirSync(elsewhere)
    symlinkSync(log, join(elsewhere, 'log.100000001'))
    expect(await count(zookeeperFolder(elsewhere))).to.equal(2)
  })

  describe('no folder: bad usage', () => {
    const expectUsage = async (path: string, sentence: string): Promise<void> => {
      const error = await reasonOf(() => zookeeperFolder(path))
      expect(error).to.be.instanceOf(UsageError)
      expect(error.message).to.equal(sentence)
    }

    it('nothing, a file, something below a file', async () => {
      await expectUsage(join(top, 'none'), `${join(top, 'none')} is not there`)
      await expectUsage(log, `${log} is no directory`)
      await expectUsage(
        join(log, 'x'),
        `${join(log, 'x')} cannot be read: a part of the path is no folder (ENOTDIR)`,
      )
    })

    it('a symbolic link to nothing, and links in a circle', async () => {
      const path = join(top, 'dangling')
      symlinkSync(join(top, 'none'), path)
      await expectUsage(path, `${path} is a symbolic link to nothing`)
      const circle = join(top, 'circle')
      symlinkSync(circle, circle)
      const words = 'its symbolic links lead in a circle (ELOOP)'
      await expectUsage(circle, `${circle} cannot be read: ${words}`)
    })

    it('a version-2 that is a file, a pipe, or a symbolic link to nothing', async () => {
      const dataDir = (name: string): string => {
        mkdirSync(join(top, name))
        return join(top, name, 'version-2')
      }
      const file = dataDir('with-file')
      writeFileSync(file, '')
      await expectUsage(join(top, 'with-file'), `${file} is no directory`)
      const pipe = dataDir('with-pipe')
      makePipe(pipe)
      await expectUsage(join(top, 'with-pipe'), `${pipe} is no directory`)
      const dangling = dataDir('with-link')
      symlinkSync(join(top, 'none'), dangling)
      await expectUsage(join(top, 'with-link'), `${dangling} is a symbolic link to nothing`)
    })

    it('a folder, or its version-2, that this user may not read', async () => {
      const words = 'cannot be read: this user may not do that (EACCES)'
      chmodSync(top, 0o755)
      chmodSync(version2, 0o000)
      await asOtherUser(() => expectUsage(top, `${version2} ${words}`))
      await asOtherUser(() => expectUsage(version2, `${version2} ${words}`))
      chmodSync(version2, 0o755)
      // Its names can be read, and none of what they stand for.
      chmodSync(top, 0o444)
      await asOtherUser(() => expectUsage(top, `${top} ${words}`))
      chmodSync(top, 0o755)
    })
  })

  describe('no files in it: nothing is taken, or imported', () => {
    /** By `--tail` and by `import`, as a log and as a snapshot. */
    const expectRefused = async (place: (path: string) => void, words: string): Promise<void> => {
      unlinkSync(log)
      place(log)
      const folder = zookeeperFolder(top)
      const snapshot = join(version2, 'snapshot.0')
      for (const [path, run] of [
        [log, () => count(folder)],
        [snapshot, () => readZookeeper({ snapshots: folder, logs: folder })],
      ] as const) {
        if (path === snapshot) place(snapshot)
        const error = await reasonOf(run)
        expect(error).to.be.instanceOf(CopyError)
        expect(error.message).to.equal(`${path} ${words}`)
        expect(error).to.have.property('code', 'COPY_NOT_FOUND')
      }
    }

    it('a folder', () => expectRefused(mkdirSync, 'is no file'))
    it('a pipe into which nobody writes', () => expectRefused(makePipe, 'is no file'))
    it('a device that never ends', () =>
      expectRefused((path) => symlinkSync('/dev/zero', path), 'is no file'))
    it('a symbolic link to nothing', () =>
      expectRefused(
        (path) => symlinkSync(join(top, 'none'), path),
        'cannot be read: there is no such file or folder (ENOENT)',
      ))

    it('a socket', async () => {
      const servers: ReturnType<typeof createServer>[] = []
      await expectRefused((path) => servers.push(createServer().listen(path)), 'is no file')
      for (const server of servers) server.close()
    })

    it('a file that this user may not read', async () => {
      chmodSync(top, 0o755)
      chmodSync(version2, 0o755)
      const closed = (path: string) => writeFileSync(path, 'x', { mode: 0o000 })
      const words = 'cannot be read: this user may not do that (EACCES)'
      unlinkSync(log)
      closed(log)
      closed(join(version2, 'snapshot.0'))
      await asOtherUser(async () => {
        const folder = zookeeperFolder(top)
        expect(await reasonOf(() => count(folder))).to.have.property('message', `${log} ${words}`)
        const error = await reasonOf(() => readZookeeper({ snapshots: folder, logs: folder }))
        expect(error.message).to.equal(`${join(version2, 'snapshot.0')} ${words}`)
      })
    })

    it('a folder that is gone, or closed, since it was named', async () => {
      chmodSync(top, 0o755)
      chmodSync(version2, 0o755)
      const folder = zookeeperFolder(top)
      chmodSync(version2, 0o000)
      const error = await asOtherUser(() => reasonOf(() => count(folder)))
      expect(error.message).to.equal(
        `${version2} cannot be read: this user may not do that (EACCES)`,
      )
      removeFolder(top)
      expect((await reasonOf(() => count(folder))).message).to.equal(
        `${version2} cannot be read: there is no such file or folder (ENOENT)`,
      )
    })

    it('names of files that are neither log nor snapshot are passed over', async () => {
      for (const name of ['notes.txt', 'log.100000002.bak', 'log.', 'currentEpoch', 'log.x']) {
        makePipe(join(version2, name))
      }
      expect(await count(zookeeperFolder(top))).to.equal(2)
    })

    it('what is no log, and no snapshot, by its content', async () => {
      writeFileSync(log, 'x'.repeat(64))
      const error = await reasonOf(() => count(zookeeperFolder(top)))
      expect(error.message).to.match(
        /^\S+\/log\.100000001: at byte 0: the header of a log: this is no transaction log of ZooKeeper$/,
      )
    })
  })

  describe('where a snapshot is to be written', () => {
    const snapshot = { fileName: 'snapshot.5', chunks: [Buffer.from('content')] } as never
    const expectUsage = async (path: string, sentence: string): Promise<void> => {
      const error = await reasonOf(() => writeSnapshot(path, snapshot))
      expect(error).to.be.instanceOf(UsageError)
      expect(error.message).to.equal(sentence)
    }

    it('a version-2 that is no folder, is a link to nothing, or may not be read', async () => {
      const path = join(top, 'into')
      mkdirSync(path)
      const inside = join(path, 'version-2')
      makePipe(inside)
      await expectUsage(path, `${inside} is no directory`)
      unlinkSync(inside)
      symlinkSync(join(top, 'none'), inside)
      await expectUsage(path, `${inside} is a symbolic link to nothing`)
      unlinkSync(inside)
      mkdirSync(inside, { mode: 0o000 })
      chmodSync(top, 0o755)
      const words = 'cannot be read: this user may not do that (EACCES)'
      await asOtherUser(() => expectUsage(path, `${inside} ${words}`))
      expect(readdirSync(inside)).to.deep.equal([])
    })

    it('a pipe, or a link to nothing, where it is made: nothing is waited for, and nothing written', async () => {
      const path = join(top, 'into', 'version-2')
      mkdirSync(path, { recursive: true })
      const name = '.anykeeper-unfinished'
      const nothing = (at: string) => symlinkSync(join(top, 'none'), at)
      for (const place of [makePipe, nothing]) {
        place(join(path, name))
        const error = await reasonOf(() => writeSnapshot(path, snapshot))
        expect(error.message).to.match(/ is made in .*, which is no folder: move it away$/)
        expect(readdirSync(path)).to.deep.equal([name])
        unlinkSync(join(path, name))
      }
      expect(await writeSnapshot(path, snapshot)).to.equal(join(path, 'snapshot.5'))
      expect(readdirSync(path)).to.deep.equal(['snapshot.5'])
    })
  })
})

function makePipe(path: string): void {
  const { status, stderr } = spawnSync('mkfifo', [path])
  if (status !== 0) throw new Error(String(stderr))
}
