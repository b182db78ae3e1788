/** What lies in etcd, read by etcdctl and etcd3 as docs/layout.md says, without our own decoders. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Etcd3 } from 'etcd3'
import { requireOrSkip } from '../support/requirements.ts'
import { NodeClient, nodeZookeeper as zk } from './node-client.ts'
import { PATIENCE_MS, useTwoProxies, within } from './two-proxies.ts'

const prefix = '/anykeeper'
const page = readFileSync(new URL('../../docs/layout.md', import.meta.url), 'utf8')

interface Example {
  command: string
  output: string
}

describe('etcd as other clients see it', () => {
  const servers = useTwoProxies({ needs: ['etcdctl'] })
  let etcd: Etcd3
  let client: NodeClient

  before(async () => {
    etcd = new Etcd3({ hosts: servers.etcd.host })
    client = await NodeClient.connect(servers.a.connectString)
    // As docs/layout.md says; its zxids are a new tree's.
    await client.create('/app')
    await client.create('/app/config', { data: 'hello' })
    await client.create('/app/workers')
    const mode = zk.CreateMode.EPHEMERAL_SEQUENTIAL
    await client.create('/app/workers/w-', { data: 'busy', mode })
    await client.setData('/app/config', 'hello again')
    await recordOf(`${prefix}/n/a2/app/config`, (value) => value?.endsWith('again') === true)
    await recordOf(`${prefix}/c/a2/app/workers`, (value) => value !== undefined)
    await recordOf(`${prefix}/s/${client.sessionId}`, (value) => value !== undefined)
  })

  after(() => {
    client?.close()
    etcd?.close()
  })

  describe('docs/layout.md', () => {
    const examples = examplesOf(page)

    it('has examples', () => {
      expect(examples).to.have.length.above(5)
    })

    for (const { command, output } of examples) {
      it(command, async () => {
        expect(canonical(await shell(command))).to.equal(canonical(output))
      })
    }
  })

  describe('the records', () => {
    it('a znode is a JSON line and its data, byte for byte', async () => {
      const room = servers.room()
      const data = 'line one\nline two\0\n\xff日本\n'
      await client.create(room, { data })
      const stat = (await client.exists(room))!
      const value = await recordOf(`${prefix}/n/a1${room}`, (found) => found !== undefined)
      const { header, rest } = split(value!)
      expect(header).to.deep.equal({
        f: 1,
        czxid: Number(stat.czxid.readBigInt64BE()),
        mzxid: Number(stat.mzxid.readBigInt64BE()),
        ctime: Number(stat.ctime.readBigInt64BE()),
        mtime: Number(stat.mtime.readBigInt64BE()),
      })
      expect(rest).to.equal(data)
      await client.setData(room, 'next')
      const next = split((await recordOf(`${prefix}/n/a1${room}`, (v) => v?.endsWith('next')))!)
      expect(next.header).to.include({ version: 1, czxid: header.czxid })
      expect(next.header.mzxid).to.be.above(header.mzxid as number)
      await client.remove(room)
      await recordOf(`${prefix}/n/a1${room}`, (found) => found === undefined)
    })

    it('the header tells null from empty, ACLs and owners', async () => {
      const room = servers.room()
      await client.create(room)
      await client.create(`${room}/empty`, { data: '' })
      await client.create(`${room}/e`, { mode: zk.CreateMode.EPHEMERAL })
      await client.create(`${room}/acl`, { acls: zk.ACL.READ_ACL_UNSAFE })
      const special = async (key: string) => {
        const value = await recordOf(`${prefix}/n/${key}`, (found) => found !== undefined)
        const { header, rest } = split(value!)
        const { f, czxid, mzxid, ctime, mtime, ...fields } = header
        return { ...fields, bytes: rest.length }
      }
      expect(await special(`a1${room}`)).to.deep.equal({ null: true, bytes: 0 })
      expect(await special(`a2${room}/empty`)).to.deep.equal({ bytes: 0 })
      expect(await special(`a2${room}/acl`)).to.deep.include({ acl: [[1, 'world', 'anyone']] })
      const owner = `0x${BigInt(`0x${client.sessionId}`).toString(16)}`
      expect(await special(`a2${room}/e`)).to.include({ owner })
    })

    it('the header tells containers and TTLs', async function () {
      requireOrSkip(this, 'zookeeper-npm')
      const room = servers.room()
      const { default: CClient } = await import('zookeeper')
      const c = new CClient({ connect: servers.a.connectString, timeout: 10_000 })
      servers.atEnd(() => c.close())
      const connected = new Promise<void>((resolve) => c.once('connect', () => resolve()))
      c.init({})
      await within(PATIENCE_MS, 'connection', connected)
      await c.create(room, 'x', CClient.constants.ZOO_CONTAINER)
      await c.create(`${room}/ttl`, 'x', CClient.constants.ZOO_PERSISTENT_WITH_TTL, 90_000)
      const container = await recordOf(`${prefix}/n/a1${room}`, (found) => found !== undefined)
      expect(split(container!).header).to.include({ container: true })
      const ttl = await recordOf(`${prefix}/n/a2${room}/ttl`, (found) => found !== undefined)
      expect(split(ttl!).header).to.include({ ttl: 90_000 })
    })

    it('children are one range, at any depth', async () => {
      const room = servers.room()
      const deep = `${room}/2/3/4/5/6/7/8/9`
      await client.mkdirp(deep)
      for (const name of ['b', 'a', 'c']) await client.create(`${deep}/${name}`)
      await client.create(`${deep}/a/grandchild`)
      await client.create(`${deep}x`)
      const below = `${prefix}/n/b10${deep}/`
      await recordOf(`${prefix}/n/b11${deep}/a/grandchild`, (found) => found !== undefined)
      const keys = await etcd.getAll().prefix(below).keys()
      expect(keys.map((key) => key.slice(below.length))).to.deep.equal(['a', 'b', 'c'])
      expect(await client.getChildren(deep)).to.deep.equal(['a', 'b', 'c'])
    })

    it('the child record counts creates and numbers sequential znodes', async () => {
      const room = servers.room()
      const key = `${prefix}/c/a1${room}`
      await client.create(room)
      expect(await etcd.get(key).string()).to.equal(null)
      for (const name of ['a', 'b', 'c']) await client.create(`${room}/${name}`)
      await client.remove(`${room}/a`)
      const { cversion, numChildren, pzxid } = (await client.exists(room))!
      const newest = Number(pzxid.readBigInt64BE())
      const value = await recordOf(key, (found) => found?.includes(`"pzxid":${newest}`))
      expect(JSON.parse(value!)).to.deep.equal({ f: 1, creates: 3, pzxid: newest })
      expect(cversion).to.equal(2 * 3 - numChildren)
      const mode = zk.CreateMode.PERSISTENT_SEQUENTIAL
      expect(await client.create(`${room}/n-`, { mode })).to.equal(`${room}/n-0000000003`)
    })

    it('a session and its ephemerals are gone from etcd once it is closed', async () => {
      const room = servers.room()
      await client.create(room)
      const other = await NodeClient.connect(servers.b.connectString, { sessionTimeoutMs: 6_000 })
      servers.atEnd(() => other.close())
      await other.create(`${room}/e`, { mode: zk.CreateMode.EPHEMERAL })
      const sessionKey = `${prefix}/s/${other.sessionId}`
      const session = JSON.parse((await recordOf(sessionKey, (found) => found !== undefined))!)
      expect(session).to.include({ f: 1, timeout: 6_000, fence: 0 })
      expect(session.password).to.match(/^[0-9a-f]{64}$/)
      expect(await etcd.get(`${prefix}/p/${session.owner}`).json()).to.include({
        address: servers.b.connectString,
      })
      await recordOf(`${prefix}/n/a2${room}/e`, (found) => found !== undefined)
      other.close()
      await recordOf(`${prefix}/n/a2${room}/e`, (found) => found === undefined)
      await recordOf(sessionKey, (found) => found === undefined)
    })

    it('only the proxies are on leases', async () => {
      const { kvs } = await etcd.getAll().prefix(`${prefix}/`).exec()
      const leased = kvs.filter(({ lease }) => lease !== '0').map(({ key }) => key.toString())
      expect(leased).to.have.length(2)
      for (const key of leased) expect(key).to.match(/^\/anykeeper\/p\/[0-9a-f]{16}$/)
    })
  })

  /** The value of a key once it is as wanted, which it becomes by write-behind. */
  async function recordOf(
    key: string,
    isWanted: (value: string | undefined) => boolean | undefined,
  ): Promise<string | undefined> {
    // Watched first, then read: no change can slip in between.
    const watcher = await etcd.watch().key(key).create()
    try {
      const seen = new Promise<string | undefined>((resolve, reject) => {
        const look = (value: string | undefined) => {
          if (isWanted(value) === true) resolve(value)
        }
        watcher.on('put', ({ value }) => look(value.toString()))
        watcher.on('delete', () => look(undefined))
        watcher.on('error', reject)
        etcd
          .get(key)
          .string()
          .then((value) => look(value ?? undefined), reject)
      })
      return await within(PATIENCE_MS, `record ${key} as wanted`, seen)
    } finally {
      await watcher.cancel()
    }
  }

  async function shell(command: string): Promise<string> {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], {
      env: {
        ...process.env,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: servers.etcd.host,
        PATH: `${dirname(servers.etcdctl)}:${process.env.PATH}`,
      },
      timeout: 10_000,
    })
    return stdout
  }
})

/** The header, and the data behind the first newline. */
function split(value: string): { header: Record<string, unknown>; rest: string } {
  const newline = value.indexOf('\n')
  expect(newline, 'a newline').to.be.above(0)
  return { header: JSON.parse(value.slice(0, newline)), rest: value.slice(newline + 1) }
}

/** In blocks marked console: a line that begins with "$ ", and the lines up to the next. */
function examplesOf(markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text]) => text!)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n')
        return { command: text.slice(0, end), output: text.slice(end + 1) }
      }),
  )
}

/** Times, ids and counts of commits differ from run to run. */
function canonical(output: string): string {
  return (
    output
      .replace(/("(?:[cmp]?zxid|[cm]time|seq|flushed|ttlMs|silenceMsMax|startedMs)"):\d+/g, '$1:0')
      .replace(/("tree":\[)\d+,\d+/g, '$10,0')
      .replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{16})\b/g, '<id>')
      // A session's id is written without leading zeros: any number of digits.
      .replace(/\b0x[0-9a-f]+\b/g, '<id>')
      .replace(/("by":"<id>\/)\d+/g, '$10')
      .replace(/127\.0\.0\.1:\d+/g, '<address>')
  )
}
