/**
 * No secret is printed: each is given a value that can be recognised, servers go through good and bad paths, and whatever they have written
 * anywhere is searched for it. A further secret is one more row.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { digestOf } from '../../lib/index.ts'
import { COMMANDS } from '../../proxy/admin/http/commands/command-routes.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import type { Child } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { saslLogin } from '../support/sasl-answer.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { TlsFixtures, tlsVariables } from '../support/tls-bed.ts'

/** By what it protects. */
const SECRETS = {
  etcd: 'etcd-7f3aPassw0rd',
  redis: 'redis-7f3aPassw0rd',
  superUser: 'super-7f3aPassw0rd',
  superDigest: digestOf(Buffer.from('super:super-7f3aPassw0rd')).split(':')[1] as string,
  digestUser: 'digest-7f3aPassw0rd',
  digestOfUser: digestOf(Buffer.from('ann:digest-7f3aPassw0rd')).split(':')[1] as string,
  saslUser: 'sasl-7f3aPassw0rd',
  tls: 'tls-7f3aPassw0rd',
  admin: 'admin-7f3aPassw0rd',
  guessed: 'guess-7f3aPassw0rd',
  data: 'data-7f3aPassw0rd',
}
const WORDS = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'mntr',
  'srvr',
  'stat',
  'wchc',
  'wchp',
  'wchs',
]

/** All that show something but the data itself. */
const PAGES = [
  ...COMMANDS.flatMap(({ names }) => names).map((name) => `/commands/${name}`),
  ...['/metrics', '/readyz?verbose', '/api/v1/status', '/api/v1/sessions', '/api/v1/watches'],
  '/no/such/page',
]

/** As it is, and as it may be written in URLs, dumps and base64. */
function* spellings(secret: Uint8Array | string): Generator<string> {
  const bytes = Buffer.from(secret)
  if (typeof secret === 'string') {
    yield secret
    yield encodeURIComponent(secret)
    yield JSON.stringify(secret).slice(1, -1)
  }
  yield bytes.toString('hex')
  yield bytes.toString('base64').replace(/=+$/, '')
}

function expectNone(text: string, secrets: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const spelling of spellings(secret)) {
      const at = text.indexOf(spelling)
      const around = text.slice(Math.max(0, at - 200), at + 200)
      if (at >= 0) expect.fail(`the secret of ${name} is printed: …${around}…`)
    }
  }
}

/** Arguments of a process and of those that it started, as everybody can see them. */
function argumentsOf(pid: number): string {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  const own = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  return [own, ...children.map((child) => argumentsOf(Number(child)))].join('\n')
}

describe('secrets', function () {
  this.timeout(120_000)
  let folder: string
  const started: AnykeeperProcess[] = []

  let made: TlsFixtures | undefined

  before(function () {
    requireOrSkip(this, 'openssl')
    folder = temporaryFolder('secrets')
    made = new TlsFixtures()
  })
  after(() => {
    if (made === undefined) return
    made.remove()
    removeFolder(folder)
  })
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop()
  })

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  /** At the most talkative level. */
  async function launch(env: Record<string, string>, args: string[] = []) {
    const one = new AnykeeperProcess(await freePort(), {
      args: ['--log-level', 'debug', ...args],
      env: { ANYKEEPER_STORE: 'memory:', ...env },
      isStoreInEnvironment: true,
    })
    started.push(one)
    return one
  }
  const ended = async (one: AnykeeperProcess): Promise<string> => {
    await one.start().catch(() => {})
    await one.child.stop()
    return one.child.output
  }

  it('are nowhere to be seen while a server is used, rightly and wrongly', async () => {
    const audit = join(folder, 'audit.log')
    const adminPort = await freePort()
    const one = await launch({
      ...tlsVariables(made as TlsFixtures, SECRETS.tls),
      ANYKEEPER_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      ANYKEEPER_ADMIN_TLS_CERT: made!.server.cert,
      ANYKEEPER_ADMIN_TLS_KEY: made!.trusted.path('locked.key'),
      ANYKEEPER_ADMIN_TLS_PASSWORD_FILE: file('locked', SECRETS.tls),
      ANYKEEPER_ADMIN_TOKEN_FILE: file('token', `${SECRETS.admin}\n`),
      ANYKEEPER_SUPER_DIGEST_FILE: file('super', `super:${SECRETS.superDigest}\n`),
      ANYKEEPER_SASL_USERS: file('users', `kafka=${SECRETS.saslUser}\n`),
      ANYKEEPER_FOUR_LETTER_WORDS: '*',
      ANYKEEPER_AUDIT: 'true',
      ANYKEEPER_AUDIT_FILE: audit,
    })
    await one.start()
    const { port } = one
    const connect = () => RawClient.connect({ port })
    const client = await connect()
    await client.auth('digest', `ann:${SECRETS.digestUser}`)
    await client.auth('digest', `super:${SECRETS.superUser}`)
    await client.create('/a', {
      data: SECRETS.data,
      acl: [{ perms: 31, scheme: 'auth', id: '' }],
    })
    await client.setAcl('/a', [
      { perms: 31, scheme: 'digest', id: `ann:${SECRETS.digestOfUser}` },
      { perms: 1, scheme: 'unheard-of', id: `ann:${SECRETS.guessed}` },
    ])
    await client.setAcl('/a', [{ perms: 31, scheme: 'digest', id: `ann:${SECRETS.digestOfUser}` }])
    await client.setData('/a', SECRETS.data)
    const bad: ((c: RawClient) => Promise<unknown>)[] = [
      (c) => saslLogin(c, 'kafka', SECRETS.guessed),
      (c) => c.auth('unheard-of', SECRETS.guessed),
      (c) => c.auth(`digest ${SECRETS.guessed}`, 'x'),
      (c) => c.auth(`digest:ann:${SECRETS.guessed}`, null),
      (c) => c.sasl(Buffer.from(`username="${SECRETS.guessed}`)),
      (c) => c.sendRecord(100, Buffer.from(SECRETS.guessed)),
      (c) => c.sendRecord(1, Buffer.from(SECRETS.guessed)),
      (c) => c.sendRecord(4_711, Buffer.from(SECRETS.guessed)),
    ]
    for (const request of bad) {
      const guest = await connect()
      await request(guest).catch(() => {})
      guest.destroy()
    }
    const kafka = await connect()
    await saslLogin(kafka, 'kafka', SECRETS.saslUser)
    // Resumed rightly and wrongly.
    const { sessionId, password } = client
    const words = await Promise.all(WORDS.map((word) => one.fourLetterWord(word)))
    const wrong = Buffer.from(`${SECRETS.guessed}-------`).subarray(0, 16)
    await RawClient.connect({ port, sessionId, password: wrong }).then((c) => c.destroy())
    const again = await RawClient.connect({ port, sessionId, password })
    await again.exists('/')
    const pages: string[] = []
    for (const token of [SECRETS.admin, SECRETS.guessed]) {
      const headers = { authorization: `Bearer ${token}` }
      for (const path of PAGES) {
        const tls = made!.clientOptions(undefined)
        const { status, body } = await http(adminPort, path, { headers, tls })
        pages.push(`${path}: ${status} ${body}`)
      }
    }
    expect(pages.filter((page) => page.includes(': 200 ')).length).to.be.above(20)
    const seen = [argumentsOf(one.child.pid), ...words, ...pages]
    await one.stop()
    const all = [...seen, one.child.output, readFileSync(audit, 'utf8')].join('\n')
    expect(all).to.include('SASL authentication failed')
    expect(all).to.include('operation=setAcl')
    expectNone(all, { ...SECRETS, session: password, kafkaSession: kafka.password })
    again.destroy()
    kafka.destroy()
  })

  const urls: readonly [title: string, url: string][] = [
    ['etcd that is not there', `etcd://root:${SECRETS.etcd}@127.0.0.1:1`],
    ['Redis that is not there', `redis://:${SECRETS.redis}@127.0.0.1:1`],
    ['etcd, with a host that is none', `etcd://root:${SECRETS.etcd}@[::bad`],
    ['etcd, with signs that need an escape', `etcd://root:x/@${SECRETS.etcd}@127.0.0.1:1`],
    ['Redis, with a port that is none', `redis://u:${SECRETS.redis}@127.0.0.1:port`],
    ['an unknown parameter', `etcd://root:${SECRETS.etcd}@127.0.0.1:1?colour=red`],
    ['no scheme', `root:${SECRETS.etcd}@127.0.0.1:2379`],
  ]
  for (const [title, url] of urls) {
    it(`are not in what is said of a store’s URL: ${title}`, async () => {
      const one = await launch({ ANYKEEPER_STORE: url })
      const start = one.start().catch(() => {})
      await one.child.waitForLine(/error|not reachable/)
      const shown = one.child.running ? argumentsOf(one.child.pid) : ''
      await one.stop()
      await start
      expectNone(one.child.output + shown, SECRETS)
    })
  }

  it('are not in what is said of files that cannot be used', async () => {
    const { superUser, saslUser } = SECRETS
    const settings: Record<string, string>[] = [
      { ANYKEEPER_SUPER_DIGEST_FILE: file('bad-super', `super:${superUser}`) },
      { ANYKEEPER_SUPER_DIGEST: `super:${superUser}` },
      { ANYKEEPER_SUPER_DIGEST: `super:${SECRETS.superDigest}`, ANYKEEPER_DIGEST_ALGORITHM: 'MD5' },
      {
        ...tlsVariables(made as TlsFixtures, SECRETS.tls),
        ANYKEEPER_TLS_PASSWORD: SECRETS.guessed,
      },
      { ANYKEEPER_SASL_USERS: file('bad-users', `kafka:${saslUser}\n`) },
      { ANYKEEPER_CONFIG: file('bad.cfg', `superDigest=super:${superUser}\n`) },
      { ANYKEEPER_CONFIG: file('bad2.cfg', `super-digest=super:${superUser}\n`) },
      { ANYKEEPER_CONFIG: file('bad3.cfg', `super-digest super:${superUser}=\nsuper-digest=\n`) },
    ]
    for (const setting of settings) {
      const output = await ended(await launch(setting))
      expect(output).to.match(/^error: /m)
      expectNone(output, SECRETS)
    }
  })

  it('are not in what a crash leaves behind', async () => {
    const provider = file(
      'crash.mjs',
      `export default { scheme: 'crash', isValid: () => true, authenticate: () => {
         setImmediate(() => { throw new Error('a fault of the module') })
         return undefined
       } }\n`,
    )
    const one = await launch({
      ANYKEEPER_SUPER_DIGEST: `super:${SECRETS.superDigest}`,
      ANYKEEPER_SASL_USERS: file('users', `kafka=${SECRETS.saslUser}\n`),
      ANYKEEPER_AUTH_PROVIDER: `crash=${provider}`,
    })
    await one.start()
    const client = await RawClient.connect({ port: one.port })
    await client.auth('digest', `ann:${SECRETS.digestUser}`)
    client.auth('crash', SECRETS.guessed)
    const child: Child = one.child
    await child.exited
    expect(child.output).to.include('a fault of the module')
    expectNone(child.output, { ...SECRETS, session: client.password })
  })
})
