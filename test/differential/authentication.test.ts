/**
 * H12, H13, A2: who must authenticate, and who may do what, beside ZooKeeper 3.9 with the same settings. What is compared is every
 * answer, and whether the connection ends.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import type { RawAcl } from '../support/raw-codec.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { saslLogin } from '../support/sasl-answer.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'

type Shown = { readonly err: number; readonly record: unknown } | 'closed'

/** Times and zxids are left out. */
function shown({ err, record }: RawReply): Shown {
  const { stat: _stat, ...rest } = record
  return { err, record: rest }
}

const outcome = (reply: Promise<RawReply>): Promise<Shown> =>
  reply.then(shown, (): Shown => 'closed')

class Guest {
  readonly client: RawClient
  readonly seen: Shown[] = []

  constructor(client: RawClient) {
    this.client = client
  }
  async do(ask: (client: RawClient) => Promise<RawReply>): Promise<void> {
    this.seen.push(await outcome(ask(this.client)))
  }
  /** The connection ends by itself. */
  async ends(): Promise<void> {
    await this.client.waitFor(() => this.client.closed)
    this.seen.push('closed')
  }
}

type Script = (connect: () => Promise<Guest>) => Promise<void>

async function play(port: number, script: Script): Promise<Shown[][]> {
  const guests: Guest[] = []
  await script(async () => {
    const guest = new Guest(await RawClient.connect({ port }))
    guests.push(guest)
    return guest
  })
  for (const { client } of guests) client.destroy()
  return guests.map(({ seen }) => seen)
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64')
const acl = (scheme: string, id: string, perms = 31): RawAcl => ({ scheme, id, perms })
const NOTHING = Buffer.alloc(0)

const requireThen = (scheme: string, auth: string): Script => {
  return async (connect) => {
    const requests: ((client: RawClient) => Promise<RawReply>)[] = [
      (client) => client.ping(),
      (client) => client.getData('/'),
      (client) => client.create('/never'),
      (client) => client.create(null),
      (client) => client.setWatches({ relativeZxid: 0, data: ['/'] }),
      (client) => client.sendRecord(777, NOTHING),
      (client) => client.send(-11, {}),
      (client) => client.reconfig({ joining: '', leaving: '', newMembers: '', curConfigId: -1 }),
    ]
    for (const request of requests) {
      const guest = await connect()
      await guest.do(request)
      await guest.ends()
    }
    // In one segment: what stands behind the first is not served.
    const hasty = await connect()
    await Promise.all([hasty.do((c) => c.exists('/')), hasty.do((c) => c.auth(scheme, auth))])
    await hasty.ends()
    const wrong = await connect()
    await wrong.do((client) => client.auth('ip', ''))
    await wrong.do((client) => client.getData('/'))
    await wrong.ends()
    const unknown = await connect()
    await unknown.do((client) => client.auth('unheard-of', 'x'))
    await unknown.ends()
    const welcome = await connect()
    await welcome.do((client) => client.auth(scheme, auth))
    await welcome.do((client) => client.exists('/'))
    await welcome.do((client) => client.ping())
  }
}

const saslRequired: Script = async (connect) => {
  const digest = await connect()
  await digest.do((client) => client.auth('digest', 'ann:secret'))
  await digest.do((client) => client.exists('/'))
  await digest.ends()
  const wrong = await connect()
  await wrong.do((client) => saslLogin(client, 'kafka', 'guessed'))
  await wrong.ends()
  const welcome = await connect()
  await welcome.do((client) => saslLogin(client, 'kafka', 'kafka-secret').then(withoutToken))
  await welcome.do((client) => client.exists('/'))
}

/** The server's proof differs with its nonce. */
const withoutToken = (reply: RawReply): RawReply => ({
  ...reply,
  record: { token: reply.record.token === null ? null : NOTHING },
})

const saslNames = ['x', 'a@b', 'a/b@c', 'a/b/c@d', 'a@b@c', 'a@b/c', '', '@', 'a/b/c', '/@', 'a b']

const offered: Script = async (connect) => {
  const login = async (user: string, password = `${user}-secret`) => {
    const guest = await connect()
    await guest.do((client) => saslLogin(client, user, password).then(withoutToken))
    return guest
  }
  const kafka = await login('kafka')
  for (const [i, name] of saslNames.entries()) {
    await kafka.do((client) => client.create(`/name${i}`, { acl: [acl('sasl', name)] }))
  }
  await kafka.do((client) => client.create('/own', { data: 'own', acl: [acl('auth', '')] }))
  await kafka.do((client) => client.getAcl('/own'))
  await kafka.do((client) =>
    client.create('/any', { data: 'any', acl: [acl('sasl', 'everybody', 1)] }),
  )
  await kafka.do((client) => client.create('/digest', { acl: [acl('digest', 'ann:x')] }))
  const plain = await connect()
  const digest = await connect()
  await digest.do((client) => client.auth('digest', 'ann:secret'))
  await digest.do((client) => client.create('/ann', { acl: [acl('auth', '')] }))
  await digest.do((client) => client.getAcl('/ann'))
  const superDigest = await connect()
  await superDigest.do((client) => client.auth('digest', 'root:root-secret'))
  const failed = await connect()
  await failed.do((client) => saslLogin(client, 'kafka', 'guessed').then(withoutToken))
  const readers = [plain, digest, superDigest, failed]
  for (const user of ['admin', 'second', 'super', 'other']) readers.push(await login(user))
  for (const reader of [kafka, ...readers]) {
    for (const path of ['/own', '/any', '/digest', '/ann']) {
      await reader.do((client) => client.getData(path))
    }
    await reader.do((client) => client.setData('/any', 'changed'))
  }
}

/** Networks of ACLs as nobody writes them; the client has 127.0.0.1. */
const networks = [
  ...['127.0.0.01/+8', '127.0.0.1/-0', '+127.0.-0.1', '127.0.0.1.', '127.0.0.1/', '/8', '127.1'],
  ...['127.0.0.1 ', '0x7f.0.0.1', '127.0.0.1/8/9', '127.0.0.1/-1', '128.0.0.0/1', '0.0.0.0/0', ''],
  ...['::/0', '::1', '::ffff:7f00:1', '::ffff:127.0.0.1', '::ffff:127.0.0.1/104', 'fe80::1%lo'],
  ...['::127.0.0.1', '1:2:3:4:5:6:7::', '::1::', '[::1]', '127.0.0.1/2147483648'],
]

const noDigest: Script = async (connect) => {
  const plain = await connect()
  await plain.do((client) => client.create('/plain', { acl: [acl('digest', 'ann:x')] }))
  await plain.do((client) => client.create('/plain', { acl: [acl('ip', '127.0.0.1')] }))
  for (const [i, id] of networks.entries()) {
    await plain.do((client) => client.create(`/network${i}`, { acl: [acl('ip', id)] }))
    await plain.do((client) => client.getAcl(`/network${i}`))
    await plain.do((client) => client.getData(`/network${i}`))
  }
  await plain.do((client) => client.auth('digest', 'ann:secret'))
  await plain.ends()
}

const USERS = ['kafka', 'admin', 'second', 'super', 'other'].map(
  (user) => [user, `${user}-secret`] as const,
)
const SASL = 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider'

/** The same, in ZooKeeper's words and in ours. */
const settings: readonly {
  readonly title: string
  readonly script: Script
  readonly properties: Record<string, string>
  readonly args: readonly string[]
  readonly withUsers?: boolean
}[] = [
  {
    title: 'H13 whoever has not authenticated by a required scheme is refused',
    script: requireThen('digest', 'ann:secret'),
    properties: {
      'zookeeper.enforce.auth.enabled': 'true',
      'zookeeper.enforce.auth.schemes': 'digest',
    },
    args: ['--enforce-auth-schemes', 'digest'],
  },
  {
    title: 'H13 where SASL is required, a failure of it says so',
    script: saslRequired,
    properties: { 'zookeeper.sessionRequireClientSASLAuth': 'true' },
    args: ['--enforce-auth-schemes', 'sasl', '--allow-sasl-failed-clients'],
    withUsers: true,
  },
  {
    title: 'A2 super users of both schemes, ids of SASL, digests of another algorithm',
    script: offered,
    properties: {
      'zookeeper.DigestAuthenticationProvider.digestAlg': 'SHA-256',
      'zookeeper.DigestAuthenticationProvider.superDigest': `root:${sha256('root:root-secret')}`,
      'zookeeper.superUser': 'admin',
      'zookeeper.superUser.1': 'second',
      'zookeeper.letAnySaslUserDoX': 'everybody',
      'zookeeper.allowSaslFailedClients': 'true',
    },
    args: [
      ...['--digest-algorithm', 'sha-256', '--sasl-super-user', 'admin,second'],
      ...['--any-sasl-user', 'everybody', '--allow-sasl-failed-clients'],
      ...['--super-digest', `root:${sha256('root:root-secret')}`],
    ],
    withUsers: true,
  },
  {
    title: 'A2 digest may be switched off; networks as nobody writes them',
    script: noDigest,
    properties: { 'zookeeper.DigestAuthenticationProvider.enabled': 'false' },
    args: ['--no-digest-auth'],
  },
]

describe('differential: authentication', function () {
  this.timeout(120_000)
  let folder: string
  let jaas: string
  let users: string

  before(function () {
    requireOrSkip(this, 'zookeeper-3.9')
    folder = temporaryFolder('authentication')
    jaas = join(folder, 'server.jaas')
    users = join(folder, 'users')
    const entries = USERS.map(([user, password]) => `user_${user}="${password}"`)
    const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required'
    writeFileSync(jaas, `Server { ${module} ${entries.join(' ')}; };\n`)
    writeFileSync(users, USERS.map(([user, password]) => `${user}=${password}\n`).join(''))
  })
  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  for (const { title, script, properties, args, withUsers = false } of settings) {
    it(title, async () => {
      const started: { stop(): Promise<void> }[] = []
      try {
        const login = withUsers
          ? { 'java.security.auth.login.config': jaas, 'zookeeper.authProvider.1': SASL }
          : {}
        const sasl = withUsers ? ['--sasl-users', users] : []
        const [oracle, proxy]: [ZookeeperServer, AnykeeperProcess] = await Promise.all([
          startZookeeper({ version: '3.9', properties: { ...login, ...properties } }),
          startAnykeeper({ args: [...sasl, ...args] }),
        ])
        started.push(oracle, proxy)
        const expected = await play(oracle.port, script)
        expect(await play(proxy.port, script)).to.deep.equal(expected)
        // The script itself saw what it is about.
        expect(JSON.stringify(expected)).to.match(/"err":(-124|-102|-114|-115)/)
      } finally {
        for (const server of started) await server.stop()
      }
    })
  }
})
