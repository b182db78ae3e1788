/** Verbs about rights: acl, getAcl, setAcl, addauth, whoami. Neighbour: ../acl-text. */
import { Option } from 'commander'
import { aclText, parseAcl } from '../acl-text.ts'
import { sayingHowFar } from '../how-far.ts'
import { counted } from '../layout.ts'
import { printable } from '../printable.ts'
import { statJson, statLines } from '../stat-text.ts'
import { type Flags, pathOf, type Run, type Verb } from '../verb.ts'
import { walkTree } from '../walk-tree.ts'
import { statOption } from './reading.ts'
import { versionOf, versionOption } from './writing.ts'

async function read(run: Run, path: string, flags: Flags): Promise<void> {
  const { client, output } = run
  const { acl, stat } = await client.getAcl(path)
  const texts = acl.map(aclText)
  if (output.isJson) return output.json({ path, acl: texts, stat: statJson(stat) })
  await output.lines(texts.map(printable))
  if (flags.stat === true) await output.lines(statLines(stat))
}

async function write(run: Run, path: string, text: string, flags: Flags): Promise<void> {
  const { client, output, signal } = run
  const acl = parseAcl(text)
  if (flags.recursive !== true) {
    const stat = await client.setAcl(path, acl, versionOf(flags))
    if (output.isJson) await output.json({ path, stat: statJson(stat) })
    else if (flags.stat === true) await output.lines(statLines(stat))
    return
  }
  let done = 0
  const left = (): string =>
    `not all is changed: the ACLs of ${counted(done, 'znode')} of ${path} are, and perhaps one more`
  await sayingHowFar(run, { done: () => done, text: left }, async () => {
    for await (const visited of walkTree(client, path)) {
      signal.throwIfAborted()
      const stat = await client.setAcl(visited.path, acl)
      done++
      if (output.isJson) await output.json({ path: visited.path, stat: statJson(stat) })
    }
  })
}

const ACL_TEXT = 'scheme:id:cdrwa, separated by commas'
const writeOptions = () => [
  statOption(),
  versionOption(),
  new Option('-R, --recursive', 'of everything below it, too; not in one step').conflicts('expect'),
]

const acl: Verb = {
  name: 'acl',
  summary: 'read the ACL of a znode, or replace it',
  arguments: [
    ['<path>', 'of the znode'],
    ['[acl]', `the new one: ${ACL_TEXT}`],
  ],
  options: writeOptions(),
  examples: [
    '/app',
    '/app world:anyone:r,digest:ops:2DzOzVkqzXk/lFeEPVpJoNTXOQM=:cdrwa',
    '/app auth::cdrwa',
  ],
  isWrite: true,
  async run(run, args, flags) {
    const path = pathOf(run, args)
    if (args[1] === undefined) await read(run, path, flags)
    else await write(run, path, args[1], flags)
  },
}

const getAcl: Verb = {
  name: 'getAcl',
  summary: 'read the ACL of a znode',
  arguments: [['<path>', 'of the znode']],
  options: [statOption()],
  examples: ['/app'],
  only: 'shell',
  async run(run, args, flags) {
    await read(run, pathOf(run, args), flags)
  },
}

const setAcl: Verb = {
  name: 'setAcl',
  summary: 'replace the ACL of a znode',
  arguments: [
    ['<path>', 'of the znode'],
    ['<acl>', ACL_TEXT],
  ],
  options: writeOptions(),
  examples: ['/app world:anyone:r'],
  isWrite: true,
  only: 'shell',
  async run(run, args, flags) {
    await write(run, pathOf(run, args), args[1] ?? '', flags)
  },
}

const addauth: Verb = {
  name: 'addauth',
  summary: 'prove one more identity',
  arguments: [
    ['<scheme>', 'e.g. digest'],
    ['<auth>', 'e.g. user:password'],
  ],
  examples: ['digest user:password'],
  only: 'shell',
  async run({ client }, [scheme = '', auth = '']) {
    await client.addAuth(scheme, auth)
  },
}

const whoami: Verb = {
  name: 'whoami',
  summary: 'list the identities of this connection',
  examples: [''],
  async run({ client, output }) {
    const ids = (await client.whoAmI()).map(({ scheme, id }) => ({ scheme, id }))
    if (output.isJson) await output.json({ ids })
    else await output.lines(ids.map(({ scheme, id }) => printable(`${scheme}:${id}`)))
  },
}

export const rightsVerbs: readonly Verb[] = [acl, getAcl, setAcl, addauth, whoami]
