/** Verbs that change znodes: create, set, rm. Neighbours: reading, removing. */
import { InvalidArgumentError, Option } from 'commander'
import { type CreateMode, type CreateOptions, mkdirp } from '../../../lib/index.ts'
import { UsageError } from '../../flags.ts'
import { inputFile } from '../../named-files.ts'
import { whole } from '../../settings/parse.ts'
import { parseAcl } from '../acl-text.ts'
import { fromBase64 } from '../data-text.ts'
import { printable } from '../printable.ts'
import { statJson, statLines } from '../stat-text.ts'
import type { Flags, Run, Verb } from '../verb.ts'
import { statOption } from './reading.ts'

export const versionOption = (): Option =>
  new Option('-v, --expect <version>', 'only if its version is this one; -1: any').argParser(int32)

export function int32(text: string): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && (value | 0) === value) return value
  throw new InvalidArgumentError('expected the version of a znode, a whole number.')
}

export const versionOf = ({ expect }: Flags): number => (expect as number | undefined) ?? -1

const inputOption = (): Option =>
  new Option('-i, --input <file>', 'take the data from a file; -: from stdin')

/** More is read of no file: no server takes so much. Unit bytes. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024

/** The data that was given, or undefined. @throws {UsageError} in two ways; the file's own error */
async function dataOf(
  { signal }: Run,
  text: string | undefined,
  flags: Flags,
): Promise<Buffer | undefined> {
  const input = flags.input as string | undefined
  if (input === undefined) return text === undefined ? undefined : Buffer.from(text)
  if (text !== undefined) throw new UsageError('the data are an argument or --input, not both')
  const chunks: Buffer[] = []
  let bytes = 0
  const stream = input === '-' ? process.stdin : inputFile('--input', input)
  const stop = (): void => void stream.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop)
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer)
      bytes += (chunk as Buffer).length
      if (bytes > INPUT_BYTES_MAX)
        throw new UsageError(`--input ${input} has more than ${INPUT_BYTES_MAX} bytes`)
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return Buffer.concat(chunks)
}

/** @throws {UsageError} flags that do not go together */
function modeOf({ sequential, ephemeral, container, ttl }: Flags, run: Run): CreateMode {
  if (ephemeral === true && run.onEvent === undefined) {
    throw new UsageError(
      'an ephemeral znode would end with this command: create it in anykeeper shell',
    )
  }
  const kinds = [ephemeral, container, ttl].filter((one) => one !== undefined)
  if (kinds.length > 1) throw new UsageError('-e, -c and -t exclude each other')
  if (container === true && sequential === true)
    throw new UsageError('-c and -s exclude each other')
  const kind = ephemeral === true ? 'ephemeral' : container === true ? 'container' : 'persistent'
  if (ttl !== undefined) return sequential === true ? 'ttl-sequential' : 'ttl'
  return (sequential === true ? `${kind}-sequential` : kind) as CreateMode
}

/** From the flags of create. @throws {UsageError} */
export function createOptionsOf(
  flags: Flags,
  aclText: string | undefined,
  run: Run,
): CreateOptions {
  return {
    mode: modeOf(flags, run),
    ...(flags.ttl !== undefined && { ttlMs: flags.ttl as number }),
    ...(aclText !== undefined && { acl: parseAcl(aclText) }),
  }
}

const create: Verb = {
  name: 'create',
  summary: 'create a znode, and print its path',
  arguments: [
    ['<path>', 'of the znode'],
    ['[data]', 'text; none: no data'],
    ['[acl]', 'scheme:id:cdrwa, separated by commas'],
  ],
  options: [
    new Option('-s, --sequential', 'behind the path a number that grows'),
    new Option('-e, --ephemeral', 'deleted with the session; in the shell'),
    new Option('-c, --container', 'deleted some time after its last child'),
    new Option(
      '-t, --ttl <ms>',
      'deleted when it has no child and was not changed for so long',
    ).argParser(whole(1)),
    new Option('-p, --parents', 'missing parents, too'),
    inputOption(),
  ],
  examples: [
    '/app',
    '-s /app/job- "first job"',
    '--input config.bin -p /app/new/config',
    '/mine x auth::cdrwa',
  ],
  isWrite: true,
  async run(run, [path = '', text, aclText], flags) {
    const { client, output } = run
    // The name of a sequential znode may be its number alone.
    const isNumber = flags.sequential === true && /.\/$/.test(path)
    const at = isNumber ? `${run.resolve(path.slice(0, -1))}/` : run.resolve(path)
    const options = createOptionsOf(flags, aclText, run)
    const data = (await dataOf(run, text, flags)) ?? null
    const parent = at.slice(0, at.lastIndexOf('/'))
    if (flags.parents === true && parent !== '') await mkdirp(client, parent)
    const made = await client.create(at, data, options)
    if (output.isJson) await output.json({ path: made.path, stat: statJson(made.stat) })
    else await output.line(printable(made.path))
  },
}

/** Line ends and blanks do not count, as `base64` of a shell writes them. @throws {UsageError} */
function decoded(given: Buffer): Buffer {
  const data = fromBase64(given.toString('latin1').replace(/[ \t\r\n]/g, ''))
  if (data === undefined) throw new UsageError('-b: the data are no base64; nothing was written')
  return data
}

const set: Verb = {
  name: 'set',
  summary: 'replace the data of a znode',
  arguments: [
    ['<path>', 'of the znode'],
    ['[data]', 'text'],
  ],
  options: [
    statOption(),
    versionOption(),
    inputOption(),
    new Option('-b, --base64', 'the data are base64: store the bytes'),
  ],
  examples: ['/app/config "x=1"', '--expect 3 /app/config "x=2"', '--input config.bin /app/config'],
  isWrite: true,
  async run(run, [path = '', text], flags) {
    const { client, output } = run
    const at = run.resolve(path)
    const given = await dataOf(run, text, flags)
    if (given === undefined)
      throw new UsageError('no data: give them as an argument, or with --input FILE')
    const data = flags.base64 === true ? decoded(given) : given
    const stat = await client.setData(at, data, versionOf(flags))
    if (output.isJson) await output.json({ path: at, stat: statJson(stat) })
    else if (flags.stat === true) await output.lines(statLines(stat))
  },
}

export const writingVerbs: readonly Verb[] = [create, set]
