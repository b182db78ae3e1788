/** The verb multi: several changes in one step, or none of them. Neighbours: writing, removing. */
import type { ClientOp, MultiResult, ZooKeeper } from '../../../lib/index.ts'
import { UsageError } from '../../flags.ts'
import { wordsOf } from '../../shell/words.ts'
import { printable } from '../printable.ts'
import { statJson } from '../stat-text.ts'
import { commandOf, type Flags, type Run, type Verb } from '../verb.ts'
import { removingVerbs } from './removing.ts'
import { createOptionsOf, int32, versionOf, writingVerbs } from './writing.ts'

/** What one operation makes of its words. */
type Make = (run: Run, client: ZooKeeper, args: readonly string[], flags: Flags) => ClientOp

interface Operation {
  /** Its words are those of the verb, its flags too. */
  readonly verb: Verb
  readonly make: Make
}

const named = (verbs: readonly Verb[], name: string): Verb =>
  verbs.find((verb) => verb.name === name) as Verb

const bytesOf = (text: string | undefined): Buffer | null =>
  text === undefined ? null : Buffer.from(text)

/** Flags that mean more than one operation, or a file. */
const ALONE = ['parents', 'input', 'recursive', 'batch', 'wholeTree'] as const

const create: Operation = {
  verb: named(writingVerbs, 'create'),
  make: (run, client, [path = '', text, acl], flags) =>
    client.createOp(run.resolve(path), bytesOf(text), createOptionsOf(flags, acl, run)),
}

const set: Operation = {
  verb: named(writingVerbs, 'set'),
  make: (run, _client, [path = '', text], flags) => {
    if (text === undefined) throw new UsageError('set needs data')
    return {
      type: 'setData',
      path: run.resolve(path),
      data: bytesOf(text),
      version: versionOf(flags),
    }
  },
}

const remove: Operation = {
  verb: named(removingVerbs, 'rm'),
  make: (run, _client, [path = ''], flags) => ({
    type: 'delete',
    path: run.resolve(path),
    version: versionOf(flags),
  }),
}

const check: Operation = {
  verb: {
    name: 'check',
    summary: 'fail unless a znode is there, with this version',
    arguments: [
      ['<path>', 'of the znode'],
      ['[version]', 'of its data; none: any'],
    ],
    examples: ['/app/config 3'],
    run: async () => undefined,
  },
  make: (run, _client, [path = '', version = '-1']) => ({
    type: 'check',
    path: run.resolve(path),
    version: int32(version),
  }),
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['create', create],
  ['set', set],
  ['rm', remove],
  ['delete', remove],
  ['check', check],
])

/** @throws {UsageError} {CommanderError} with what is wrong with the line */
function operationOf(run: Run, client: ZooKeeper, line: string): ClientOp {
  const [name = '', ...words] = wordsOf(line)
  const operation = OPERATIONS.get(name)
  if (operation === undefined) {
    const known = [...OPERATIONS.keys()].join(', ')
    throw new UsageError(`${JSON.stringify(name)} is no operation of a multi: they are ${known}`)
  }
  const command = commandOf(operation.verb, '')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .action(() => {})
    .parse(words, { from: 'user' })
  const flags = command.opts<Flags>()
  const alone = ALONE.find((flag) => flags[flag] !== undefined)
  if (alone !== undefined) throw new UsageError(`--${alone} is not for an operation of a multi`)
  return operation.make(run, client, command.args, flags)
}

/** In a word, and with its path. */
function resultOf(op: ClientOp, result: MultiResult): Record<string, unknown> {
  switch (result.type) {
    case 'create2':
      return { operation: 'create', path: result.path, stat: statJson(result.stat) }
    case 'setData':
      return { operation: 'set', path: op.path, stat: statJson(result.stat) }
    default:
      return { operation: op.type === 'delete' ? 'rm' : op.type, path: op.path }
  }
}

const multi: Verb = {
  name: 'multi',
  summary: 'apply several changes in one step, or none',
  description:
    'Apply several changes in one step, or none of them: create, set, rm and check, each with its arguments and flags as one ' +
    'word in quotes.',
  arguments: [['<operation...>', "such as 'set -v 3 /app/config x=2'"]],
  examples: [
    `'check /app/lock 0' 'set /app/config x=2' 'create -s /app/log- "x is 2"'`,
    `--json 'create /app/b "two words"' 'rm /app/a'`,
  ],
  isWrite: true,
  async run(run, lines) {
    const { client, output } = run
    const ops = lines.map((line, at) => {
      try {
        return operationOf(run, client, line)
      } catch (error) {
        throw new UsageError(
          `operation ${at + 1}: ${(error as Error).message.replace(/^error: /, '')}`,
        )
      }
    })
    const results = await client.multi(ops)
    for (const [at, result] of results.entries()) {
      const one = resultOf(ops[at] as ClientOp, result)
      if (output.isJson) await output.json(one)
      else await output.line(printable(`${one.operation} ${one.path}`))
    }
  },
}

export const multiVerbs: readonly Verb[] = [multi]
