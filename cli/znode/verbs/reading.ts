/** Verbs that read one znode: get, stat, exists. Neighbours: listing, writing. */
import { Option } from 'commander'
import { ZK_ERRORS, ZnodeError } from '../../../lib/index.ts'
import { UsageError } from '../../flags.ts'
import { dataJson, hexDump, shownData } from '../data-text.ts'
import { statJson, statLines } from '../stat-text.ts'
import { pathOf, type Verb, watchOf } from '../verb.ts'

export const watchOption = (): Option =>
  new Option('-w, --watch', 'in the shell: report the next change')
export const statOption = (): Option => new Option('-s, --stat', 'the Stat, too')

const get: Verb = {
  name: 'get',
  summary: 'read the data of a znode',
  description:
    'Read the data of a znode. To a pipe or a file the bytes exactly; to a terminal as text, or as a hex dump.',
  arguments: [['<path>', 'of the znode']],
  options: [
    statOption(),
    watchOption(),
    new Option('-x, --hex', 'as a hex dump, all of it'),
    new Option('-b, --base64', 'as base64, one line'),
  ],
  examples: ['/app/config', '/app/config > config.bin', '--json /app/config'],
  async run(run, args, flags) {
    const { client, output } = run
    const path = pathOf(run, args)
    if (flags.hex === true && flags.base64 === true)
      throw new UsageError('-x and -b exclude each other')
    const { data, stat } = await client.getData(path, watchOf(run, flags))
    if (output.isJson) {
      await output.json({ path, ...dataJson(data), stat: statJson(stat) })
      return
    }
    const isLines = flags.hex === true || flags.base64 === true
    if (flags.base64 === true) await output.line(Buffer.from(data ?? []).toString('base64'))
    else if (flags.hex === true) await output.lines(hexDump(data ?? new Uint8Array()))
    else if (!output.isTerminal) await output.bytes(data ?? new Uint8Array())
    else if (data === null) output.say('(no data)')
    else await output.lines(shownData(data))
    if (flags.stat !== true) return
    // Behind bytes that may end anywhere it would be a part of them.
    if (output.isTerminal || isLines) await output.lines(statLines(stat))
    else for (const line of statLines(stat)) output.say(line)
  },
}

const stat: Verb = {
  name: 'stat',
  aliases: ['get_stat'],
  summary: 'read the Stat of a znode',
  arguments: [['<path>', 'of the znode']],
  options: [watchOption()],
  examples: ['/app/config', '--json /app/config'],
  async run(run, args, flags) {
    const { client, output } = run
    const path = pathOf(run, args)
    const found = await client.exists(path, watchOf(run, flags))
    if (found === undefined) throw new ZnodeError(ZK_ERRORS.NO_NODE.errno, path)
    if (output.isJson) await output.json({ path, stat: statJson(found) })
    else await output.lines(statLines(found))
  },
}

const sync: Verb = {
  name: 'sync',
  summary: 'wait until this server has every write that was committed before',
  arguments: [['[path]', 'any path']],
  examples: ['/'],
  async run(run, args) {
    await run.client.sync(pathOf(run, args))
  },
}

export const readingVerbs: readonly Verb[] = [get, stat, sync]
