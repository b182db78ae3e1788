/**
 * Every verb on everything that `--server` can name, as tables: what it answers, and a sentence and an exit code where it
 * cannot. The commands of a bed run in one process: see many.mjs.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../support/free-port.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { stopProcess } from '../support/stop-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { beds, moreBeds, type Started } from './beds.ts'
import { endCommands, start } from './command-run.ts'
import { type Done, many, manyProgram } from './many.ts'

/** One line of JSON each, and nothing else. */
function isJson(text: string): boolean {
  for (const line of text.trimEnd().split('\n')) JSON.parse(line)
  return text.endsWith('\n')
}

const OPS = ['--auth', 'digest:ops:secret']
/** What would hide or turn around text; a path has no control characters. */
const EVIL = '/t/\u202e\u2066\u200bx'
/** What a terminal would obey, too. */
const EVIL_DATA = '\u001b]0;title\u0007\u009b2J\u202e'
const isUnsafe = (text: string): boolean => /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)

type Row = readonly [args: readonly string[], code: number, out: RegExp | 'json', err?: RegExp]

const TABLE: readonly Row[] = [
  [['create', '-p', '/t/a', 'x'], 0, /^\/t\/a\n$/],
  [['create', '/t/a', 'x'], 6, /^$/, /^error: znode exists already: \/t\/a\n$/],
  [['get', '/t/a'], 0, /^x$/],
  [['get', '--json', '/t/a'], 0, 'json'],
  [['get', '/nowhere'], 3, /^$/, /^error: no such znode: \/nowhere\n$/],
  [['get', 'relative'], 2, /^$/, /^error: path must start with "\/"/],
  [['set', '--json', '/t/a', 'y'], 0, 'json'],
  [['set', '--expect', '9', '/t/a', 'y'], 6, /^$/, /^error: version does not match: \/t\/a\n$/],
  [['ls', '/t'], 0, /^a\n$/],
  [['ls', '/nowhere'], 3, /^$/, /^error: no such znode/],
  [['tree', '/t'], 0, /^\/t {2}\(1 child\)\n└── a {2}\(1 byte\)\n$/],
  [['tree', '--json', '/t'], 0, 'json'],
  [['count', '/t'], 0, /^1\n$/],
  [['stat', '/t/a'], 0, /dataVersion = 1\n/],
  [['stat', '/nowhere'], 3, /^$/, /^error: no such znode/],
  [
    ['multi', 'check /t/a 1', "create -s /t/s- 'two words'", 'set -v 1 /t/a z', 'create /t/g'],
    0,
    /^check \/t\/a\ncreate \/t\/s-0000000001\nset \/t\/a\ncreate \/t\/g\n$/,
  ],
  [['multi', 'rm /t/g', 'rm /nowhere'], 3, /^$/, /^error: no such znode: \/nowhere\n$/],
  [['multi', '--json', 'rm /t/g', 'set /t/a w'], 0, 'json'],
  [['get', '-b', '/t/a'], 0, /^dw==\n$/],
  [['get', '-b', '-x', '/t/a'], 2, /^$/, /^error: -x and -b exclude each other\n$/],
  [['set', '-b', '/t/a', '/wA'], 0, /^$/],
  [['get', '-x', '/t/a'], 0, /^00000000 {2}ff 00 /],
  [
    ['set', '-b', '/t/a', '_wA='],
    2,
    /^$/,
    /^error: -b: the data are no base64; nothing was written\n$/,
  ],
  [['get', '-b', '-s', '/t/a'], 0, /^\/wA=\ncZxid = /],
  [['multi', 'frob /t'], 2, /^$/, /^error: operation 1: "frob" is no operation/],
  [['acl', '/t/a'], 0, /^world:anyone:cdrwa\n$/],
  [['acl', '/t/a', 'world:nobody'], 2, /^$/, /is no entry of an ACL/],
  [['whoami', ...OPS, '--json'], 0, 'json'],
  [['sync', '/'], 0, /^$/],
  [['create', '/t/hidden', 'x', 'digest:ops:none=:r'], 0, /hidden/],
  [['get', '/t/hidden'], 4, /^$/, /^error: not permitted by the ACL: \/t\/hidden\n$/],
  [['set', '/t/hidden', 'y'], 4, /^$/, /^error: not permitted/],
  [['create', EVIL, EVIL_DATA], 0, /^\/t\/\\u\{202e\}\\u\{2066\}\\u\{200b\}x\n$/],
  [['get', '--json', EVIL], 0, 'json'],
  [['get', '--hex', EVIL], 0, /^00000000 {2}1b 5d/],
  [['ls', '/t'], 0, /\\u\{202e\}\\u\{2066\}\\u\{200b\}x\n$/],
  [['ls', '--json', '/t'], 0, 'json'],
  [['ls', '-R', '/t'], 4, /\\u\{202e\}/],
  [['rm', `${EVIL}/none`], 3, /^$/, /\\u\{202e\}/],
  [['doctor', '--json', '/t'], 0, 'json'],
  [['doctor', '/t'], 0, /\\u\{202e\}/],
  [['sessions'], 0, /^SESSION/],
  [['status', '--json'], 0, 'json'],
  [['rm', '/t'], 6, /^$/, /^error: znode has children: \/t\n$/],
  [['rm', '-r', '/'], 2, /^$/, /--whole-tree/],
  [['rm', '--json', '-r', '/t'], 0, 'json'],
  [['rm', '/t'], 3, /^$/, /^error: no such znode: \/t\n$/],
]

const isStore = (url: string): boolean => !/^zks?:/.test(url)

/** The commands that copy, on what a bed has. `folder`: for files of theirs. */
function copying(url: string, folder: string): Row[] {
  const [file, copy] = [join(folder, 'tree.jsonl'), join(folder, 'copy')]
  const on = (name: string, ...args: string[]): string[] => [name, '--store', url, ...args]
  const compare = ['compare', '--candidate', url, '--oracle', url]
  const isServer = /^error: --store names a store, and this is a server: name the store/
  if (!isStore(url)) {
    const all = [
      on('export'),
      on('import', '--input', manyProgram),
      on('backup', copy),
      on('repair'),
    ]
    return all.map((args) => [args, 2, /^$/, isServer])
  }
  const isFile = url.startsWith('file:')
  return [
    [on('export', '--output', file), 0, /^$/, /^exported \d+ znodes, \d+ sessions/m],
    [on('export', '--prefix', '/none'), 1, /^$/, /^error: there is no tree below \/none in this/],
    [
      on('import', '--input', file),
      1,
      /^$/,
      /^error: (?:there is a tree below \/anykeeper|a proxy)/,
    ],
    [on('import', '--prefix', '/copied', '--input', file), 0, /^$/, /^imported \d+ znodes/m],
    [on('export', '--prefix', '/copied'), 0, 'json', /^exported \d+ znodes/m],
    [on('import', '--prefix', '/copied', '--abandon'), 0, /^$/, /^there is no unfinished import/m],
    [compare, 2, /^$/, /--candidate.* expected zk:\/\/host:port/],
    isFile
      ? [on('backup', copy), 0, /^$/, /^copied \d+ records, .*copy$/m]
      : [
          on('backup', copy),
          2,
          /^$/,
          /^error: only a store in files can be copied: use anykeeper exp/,
        ],
    isFile
      ? [on('backup', copy), 1, /^$/, /^error: .*copy is there already: name a folder that is not/]
      : [on('repair', '--dry-run'), 0, /^$/, /^examined the tree below/m],
  ]
}

/** With the arguments that it needs. */
const VERBS: readonly (readonly string[])[] = [
  ['get', '/a'],
  ['stat', '/a'],
  ['ls', '/'],
  ['tree', '/'],
  ['count', '/'],
  ['sync', '/'],
  ['create', '/a'],
  ['set', '/a', 'x'],
  ['rm', '/a'],
  ['multi', 'rm /a'],
  ['acl', '/a'],
  ['whoami'],
  ['watch', '/a'],
  ['sessions'],
  ['status'],
  ['doctor', '/'],
  ['bench', '/'],
]

/** They take `--store`, and an error is 1. */
const COPYING: readonly (readonly string[])[] = [
  ['export'],
  ['import', '--input', manyProgram],
  ['import', '--abandon'],
  ['repair', '--dry-run'],
]

for (const bed of [...beds, ...moreBeds]) {
  describe(`shell: every verb on ${bed.name}`, function () {
    this.timeout(120_000)
    let server: Started
    let where: readonly string[]
    let folder: string
    before(async function () {
      requireOrSkip(this, ...bed.needs)
      folder = temporaryFolder('everywhere')
      server = await bed.start()
      where = ['--server', server.url, ...(server.flags ?? [])]
    })
    after(async () => {
      await server?.stop()
      if (folder !== undefined) removeFolder(folder)
    })
    afterEach(endCommands)

    it('results, sentences and exit codes', async () => {
      const rows = [
        ...TABLE.map(([args, ...expected]) => [[...args, ...where], ...expected] as Row),
        ...copying(server.url, folder),
      ]
      const ended = await many(rows.map(([args]) => args))
      for (const [at, [args, code, out, err]] of rows.entries()) {
        const found = ended[at] as Done
        const shown = `${args.join(' ')}: ${found.err}`
        expect(found.code, shown).to.equal(code)
        if (out === 'json') expect(isJson(found.out), shown).to.equal(true)
        else expect(found.out, shown).to.match(out)
        if (err !== undefined) expect(found.err, shown).to.match(err)
        expect(isUnsafe(found.out + found.err), shown).to.equal(false)
      }
    })

    const besides = bed.isAlone ? undefined : it
    besides?.('watch sees a change by another process', async () => {
      const watching = start(['watch', '--json', '--count', '1', '/w', ...where])
      await watching.until(/watching \/w/)
      await many([['create', '/w', ...where]])
      const { code, out } = await watching.ended
      expect(code).to.equal(0)
      expect(JSON.parse(out)).to.include({ event: 'created', path: '/w' })
    })

    besides?.('a server that hangs: a sentence, exit 5, in the time that was given', async () => {
      stopProcess(server.pid as number)
      try {
        const lines = VERBS.map((args) => [...args, ...where, '--timeout', '100'])
        // Each waits for 5 s.
        const stores = isStore(server.url) ? COPYING.slice(0, 2) : []
        const [verbs, copied] = await Promise.all([
          many(lines),
          many(stores.map((args) => [...args, '--store', server.url])),
        ])
        for (const { args, code, out, err } of copied) {
          expect({ code, out }, `${args}: ${err}`).to.deep.equal({ code: 1, out: '' })
          expect(err).to.match(
            /^error: (?:etcd|redis): (?:no answer|not connected) within \d+ ms\n$/,
          )
        }
        for (const { args, code, out, err } of verbs) {
          expect(code, `${args}: ${err}`).to.equal(5)
          if (args[0] === 'status') expect(out + err).to.match(/within 100 ms/)
          else expect(err, args.join(' ')).to.match(/^error: .*within 100 ms/)
        }
      } finally {
        process.kill(server.pid as number, 'SIGCONT')
      }
    })
  })
}

describe('shell: every verb where nothing is', function () {
  this.timeout(60_000)
  let folder: string
  before(() => {
    folder = temporaryFolder('everywhere')
  })
  after(() => removeFolder(folder))

  it('no server, no store: a sentence and exit 5; nothing is made', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const urls = [host, `zks://${host}`, `etcd://${host}`, `redis://${host}`, `file:${folder}/none`]
    const lines = urls.flatMap((url) =>
      VERBS.map((args) => [...args, '--server', url, '--timeout', '50']),
    )
    for (const { args, code, out, err } of await many(lines)) {
      expect(code, `${args}: ${err}`).to.equal(5)
      expect(args[0] === 'status' ? out + err : err).to.match(/error: \S|did not answer/)
    }
  })

  it('nothing to copy from, or into: a sentence and exit 1; nothing is made', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const none = join(folder, 'none')
    const urls = [`etcd://${host}`, `redis://${host}`, `file:${none}`]
    const lines = urls.flatMap((url) => COPYING.map((args) => [...args, '--store', url]))
    // It makes a store in files.
    const all = lines.filter((line) => line[1] !== '--input' || line.at(-1) !== `file:${none}`)
    const backup = ['backup', '--store', `file:${none}`, join(folder, 'copy')]
    for (const { args, code, out, err } of await many([...all, backup])) {
      expect({ code, out }, `${args}: ${err}`).to.deep.equal({ code: 1, out: '' })
      expect(err, args.join(' ')).to.match(
        /^error: (?:.*ECONNREFUSED .*|there is no data in .*none)\n$/,
      )
    }
    expect(readdirSync(folder)).to.deep.equal([])
    const sides = ['--candidate', `zk://${host}`, '--oracle', `zk://${host}`]
    const compare = start(['compare', ...sides, '--listen', `127.0.0.1:${await freePort()}`])
    await compare.until(/ready on/)
    compare.signal('SIGTERM')
    const { code, err } = await compare.ended
    expect({ code, err }).to.deep.equal({
      code: 3,
      err: 'error: not everything was compared: see the summary\n',
    })
  })

  it('what is no server: a sentence that says what to write, and exit 2', async () => {
    const cases: [server: string, says: RegExp][] = [
      ['', /--server: it is empty/],
      ['::1', /needs brackets: "\[::1\]"/],
      ['http://etcd1:2379', /http:\/\/ is no scheme here: zk:\/\/host:port.*etcd:\/\//],
      ['zk://host:99999', /the port of "host:99999" is not from 1 to 65535/],
      ['zk://host:0', /the port of "host:0"/],
      ['zk://', /no host in it/],
      ['bolt://x', /not with "bolt"/],
    ]
    const ended = await many(cases.map(([server]) => ['get', '/', '--server', server]))
    for (const [at, [server, says]] of cases.entries()) {
      expect(ended[at], server).to.include({ code: 2, out: '' })
      expect(ended[at]?.err, server).to.match(says)
    }
  })

  it('wrong arguments of each verb: exit 2, and nothing is connected to', async () => {
    const lines = VERBS.map(([name = '']) => [name, '/a', '--frobnicate=hunter2'])
    const files = ['create', 'set'].map((name) => [name, '/a', '--input', join(folder, 'none')])
    const store = ['--store', 'memory:']
    const sides = ['--candidate', 'zk://h:1', '--oracle', 'zk://h:1']
    const copies = [
      ...['export', 'import', 'repair', 'backup'].map((name) => [name, ...store]),
      ['compare', ...sides],
    ]
    const all = [
      ...lines,
      ...files.map((line) => [...line, '--server', 'memory:']),
      ...copies.map((line) => [...line, '--frobnicate=hunter2']),
    ]
    for (const { args, code, out, err } of await many(all)) {
      expect({ code, out }, `${args}: ${err}`).to.deep.equal({ code: 2, out: '' })
      expect(err)
        .to.match(/^error: (?:unknown option|too many|--input .*none: )/)
        .and.not.match(/hunter2/)
    }
  })

  it('a certificate without its key, or of another, or for a server without TLS: its flag', async () => {
    const pem = join(folder, 'none.pem')
    const cases: [flags: string[], says: RegExp][] = [
      [['--cert', pem], /--cert and --key go together: --cert is given, --key is not/],
      [['--ca', pem], /--ca .*none\.pem: there is no such file or folder \(ENOENT\)/],
      [['--ca', fileURLToPath(import.meta.url)], /--ca .*: there is no certificate in it, in PEM/],
    ]
    const on = (server: string, flags: string[]) => ['get', '/', '--server', server, ...flags]
    const ended = await many([
      ...cases.map(([flags]) => on('zks://127.0.0.1:1', flags)),
      on('127.0.0.1:1', ['--ca', pem]),
      ['doctor', 'kafka', 'zk://127.0.0.1:1', '--ca', pem],
      ['doctor', 'kafka', 'zks://127.0.0.1:1', '--ca', pem],
      ['migrate', 'check', '--source', '127.0.0.1:1', '--quorum-ca', pem],
    ])
    const says = [
      ...cases.map(([, one]) => one),
      /--ca is for zks:\/\/ only/,
      /--ca is for zks:\/\/ only/,
      /--ca .*: there is no such file/,
      /--quorum-ca .*: there is no such file/,
    ]
    for (const [at, one] of ended.entries()) {
      expect(one.code, one.err).to.equal(2)
      expect(one.err).to.match(says[at] as RegExp)
    }
  })
})
