/** The shell without a terminal: zkCli's words, the same on a store, on anykeeper and on ZooKeeper. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { beds } from './beds.ts'
import { endCommands, run } from './command-run.ts'

/** A line, and what it adds to stdout; an error is none. */
const LINES: readonly (readonly [line: string, out: string | RegExp])[] = [
  ['# a comment, and an empty line', ''],
  ['', ''],
  ['create /s "two words"', '/s\n'],
  ['create -s /s/q- 1', '/s/q-0000000000\n'],
  ['create -s /s/', '/s/0000000001\n'],
  ['create -e /s/e', '/s/e\n'],
  ['create -c /s/c', '/s/c\n'],
  ['create -t 100000 /s/ttl x', '/s/ttl\n'],
  ['create \'/s/it\\s\' "\\"\\t\\\\"', '/s/it\\s\n'],
  ["get '/s/it\\s'", '"\t\\'],
  ['get /s', 'two words'],
  ['set -v 0 /s new', ''],
  ['set -s /s newer', /dataVersion = 2\n/],
  ['ls /s', '0000000001\nc\ne\nit\\s\nq-0000000000\nttl\n'],
  ['cd /s', ''],
  ['pwd', '/s\n'],
  ['get ./../s/q-0000000000', '1'],
  ['ls -s q-0000000000', /^cZxid.*numChildren = 0\n$/s],
  ['getAllChildrenNumber .', '6\n'],
  ['getEphemerals', '/s/e\n'],
  ['getEphemerals /nowhere', ''],
  ['getAcl .', 'world:anyone:cdrwa\n'],
  ['addauth digest ops:secret', ''],
  ['setAcl -R /s auth::cdrwa', ''],
  ['getAcl q-0000000000', /^digest:ops:\S+:cdrwa\n$/],
  ['pwd', '/s\n'],
  ['whoami', /digest:ops/],
  ['find_super_nodes 5 /s', '/s 6\n'],
  ['find_big_family / 1', /^\/s 6\n$/],
  ['count --json', '{"path":"/s","count":6}\n'],
  ['create relative/x', ''],
  ['acl . world:anyone', ''],
  ['create /s', ''],
  ['rm /s', ''],
  ['rm -r /', ''],
  ['sync /', ''],
  ['stat /nowhere', ''],
  ['frobnicate', ''],
  ['ls --frobnicate', ''],
  ['get "open', ''],
  ['setquota /s', ''],
  ['setquota -n 50 -B 900 /s', ''],
  ['listquota /s', /^limits count=50,bytes=-1=;byteHardLimit=900;countHardLimit=-1\n/],
  ['USAGE', /^usage {2}count=7,bytes=\d+\n/],
  ['setquota -b 70 /s/c', ''],
  ['delquota -B /s', ''],
  ['listquota --json /s', /^\{"path":"\/s","limits":\{"count":50,"bytes":-1,"countHardLimit":-1,/],
  ['delquota /s', ''],
  ['delquota /s', ''],
  ['ls /zookeeper/quota', ''],
  [
    "multi 'check /s 2' 'create /s/m x' 'set /s/m y' 'rm /s/m'",
    'check /s\ncreate /s/m\nset /s/m\nrm /s/m\n',
  ],
  ["multi 'create /s/m' 'rm /s/none'", ''],
  ['exists /s/m', '0\n'],
  ['touch /s/m', ''],
  ['touch /s/m', ''],
  ['exists /s/m', '1\n'],
  ['mv /s/m /s/moved', '/s/moved\n'],
  ['cp /s/moved /s/copy', '/s/copy\n'],
  ['cpr /s/moved /s/copies', '/s/copies\n'],
  ['mv /s /s/below', ''],
  ['get_direct_children_number /s', '9\n'],
  ['printwatches off', 'events of watches are not shown\n'],
  ['delteall /s', ''],
  ['reconfig', ''],
  ['config', /^(?:version=.*)?\n$/],
  ['delete -v 9 /s', ''],
  ['ls --json c', /^\{"path":"\/s\/c","children":\[\]/],
  ['redo 3', ''],
  ['deleteall -b 0 /s', ''],
  ['deleteall -b 2 /s', ''],
  ['ls /', 'zookeeper\n'],
]

const SAYS = [
  'error: no such znode: /s/relative/x',
  'error: "world:anyone" is no entry of an ACL: write scheme:id:cdrwa, e.g. world:anyone:r',
  'error: znode exists already: /s',
  'error: znode has children: /s',
  'error: this deletes the whole tree: add --whole-tree if that is meant',
  'error: no such znode: /nowhere',
  'error: "frobnicate" is no command here; type help',
  "error: unknown option '--frobnicate'",
  'error: the quote " is not closed',
  'error: name a limit: -n, -b, -N or -B',
  'error: /s above /s/c has a quota already',
  'error: there is no quota of /s',
  'error: no such znode: /s/none',
  'error: /s/below is /s, or below it',
  'error: "delteall" is no command here; did you mean deleteall?',
  'error: "reconfig" is no command here; instead: the etcd or Redis below has members; those of a ZooKeeper are changed with its zkCli',
  'error: version does not match: /s',
  'error: znode exists already: /s',
  "error: option '-b, --batch <size>' argument '0' is invalid. expected a whole number from 1 to 10000, without a unit.",
]

for (const bed of beds) {
  describe(`shell: the words on ${bed.name}`, function () {
    this.timeout(120_000)
    let server: Awaited<ReturnType<typeof bed.start>>
    before(async function () {
      for (const need of bed.needs) requireOrSkip(this, need)
      server = await bed.start()
    })
    after(() => server?.stop())
    afterEach(endCommands)

    it('zkCli’s words, quotes, the current znode: each line its answer, and the first failure the exit code', async () => {
      const { code, out, err } = await run(['shell', '--server', server.url, '--keep-going'], {
        input: LINES.map(([line]) => (line === 'USAGE' ? '' : `${line}\n`)).join(''),
      })
      let rest = out
      for (const [line, expected] of LINES) {
        if (typeof expected === 'string') {
          expect(rest.slice(0, expected.length), line).to.equal(expected)
          rest = rest.slice(expected.length)
          continue
        }
        // Stats and JSON end with a line feed, and what follows begins behind it.
        const found = answerOf(rest)
        expect(found, line).to.match(expected)
        rest = rest.slice(found.length)
      }
      expect(rest).to.equal('')
      const said = err.split('\n').filter((text) => text.startsWith('error:'))
      expect(said).to.deep.equal(SAYS)
      expect(code).to.equal(3)
    })

    it('removewatches: of its kind or of all, and no event comes any more', async () => {
      const paths = ['d', 'c', 'k', 'a', 'l', 'n', 'p']
      const lines = [
        ...paths.map((name) => `create /w-${name}`),
        ...['get -w /w-d', 'removewatches -d /w-d', 'set /w-d x', 'removewatches -d /w-d'],
        ...['ls -w /w-c', 'removewatches -c /w-c', 'create /w-c/x'],
        ...['get -w /w-k', 'ls -w /w-k', 'removewatches -c /w-k', 'set /w-k x'],
        ...['stat -w /w-a', 'ls -w /w-a', 'addWatch /w-a', 'removewatches /w-a'],
        ...['set /w-a x', 'create /w-a/x'],
        ...['get -w /w-l', 'removewatches -l /w-l', 'set /w-l x'],
        'removewatches /w-n',
        ...['addWatch -m PERSISTENT /w-p', 'ls -w /w-p', 'removewatches -c /w-p', 'create /w-p/x'],
        ...['removewatches -c -d /w-p', ...paths.map((name) => `deleteall /w-${name}`), 'sync /'],
      ]
      const { err } = await run(['shell', '--server', server.url, '--keep-going'], {
        input: `${lines.join('\n')}\n`,
      })
      const said = err.split('\n').filter((line) => /^(?:watch|error):/.test(line))
      expect(said.filter((line) => line.startsWith('watch:'))).to.deep.equal([
        'watch: changed /w-k',
        'watch: children /w-p',
        // It stays, as only that of ls was removed.
        'watch: children /w-p',
        'watch: deleted /w-p',
      ])
      expect(said.filter((line) => line.startsWith('error:'))).to.deep.equal([
        'error: no such watch: /w-d',
        'error: no such watch: /w-n',
        "error: option '-c, --children' cannot be used with option '-d, --data'",
      ])
    })

    it('without --keep-going the first line that fails is the last', async () => {
      const input = 'create /only x\nget /nowhere\ncreate /never x\n'
      const { code, out, err } = await run(['shell', '--server', server.url], { input })
      expect({ code, out }).to.deep.equal({ code: 3, out: '/only\n' })
      expect(err).to.equal(
        'error: no such znode: /nowhere\nline 2 failed, and the rest was not run\n',
      )
      expect((await run(['ls', '--server', server.url, '/'])).out).to.equal('only\nzookeeper\n')
    })
  })
}

/** A Stat of 11 lines, the identities, or one line. */
function answerOf(text: string): string {
  const stat = /^cZxid = .*\n(?:\w+ = .*\n){10}/.exec(text)
  const ids = /^(?:ip:.*\n)?digest:.*\n(?:ip:.*\n)?(?:super:.*\n)?/.exec(text)
  return stat?.[0] ?? ids?.[0] ?? `${text.split('\n')[0]}\n`
}
