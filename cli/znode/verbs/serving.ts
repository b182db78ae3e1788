/** Words about the servers: config, version, and the four-letter words. Neighbours: reading, ../server. */
import { Option } from 'commander'
import { UsageError } from '../../flags.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { printableText } from '../printable.ts'
import { statLines } from '../stat-text.ts'
import { type Run, type Verb, watchOf } from '../verb.ts'
import { statOption, watchOption } from './reading.ts'

const CONFIG = '/zookeeper/config'
/** `server.1=host:2888:3888:participant;0.0.0.0:2181`: the address of clients is behind the semicolon. */
const CLIENTS = /^server\.\d+=([^:;]+).*;(?:([^:;]+):)?(\d+)$/gm

const config: Verb = {
  name: 'config',
  summary: 'show the servers of the ensemble, as they know each other',
  options: [
    new Option('-c, --clients', 'only the addresses of clients, as a connect string'),
    statOption(),
    watchOption(),
  ],
  examples: ['', '-c'],
  only: 'shell',
  async run(run, _args, flags) {
    const { client, output } = run
    const { data, stat } = await client.getData(CONFIG, watchOf(run, flags))
    const text = Buffer.from(data ?? []).toString()
    if (output.isJson) {
      await output.json({ config: text })
      return
    }
    if (flags.clients === true) {
      const hosts = [...text.matchAll(CLIENTS)].map(([, host, own, port]) => {
        const isAny = own === undefined || own === '0.0.0.0'
        return `${isAny ? host : own}:${port}`
      })
      await output.line(printableText(hosts.join(',')))
    } else await output.line(printableText(text.trimEnd()))
    if (flags.stat === true) await output.lines(statLines(stat))
  },
}

/** The answers of all servers, each behind its name where there are several. @throws {CommandError} {UsageError} */
async function answers({ target, output, signal }: Run, word: string): Promise<void> {
  const { servers } = target
  if (servers === undefined)
    throw new UsageError('a store has no server, so nothing answers four-letter words')
  for (const server of servers) {
    const text = await server.ask(word, signal)
    if (text === undefined) {
      throw new CommandError(EXIT.noRights, `${server.name} does not allow the word ${word}`)
    }
    if (output.isJson) {
      await output.json({ server: server.name, word, answer: text })
      continue
    }
    if (servers.length > 1) await output.line(`${server.name}:`)
    await output.line(printableText(text.trimEnd()))
  }
}

/** Those of ZooKeeper but "stat", which is the word of znodes: flwc stat. */
const WORDS: ReadonlySet<string> = new Set(
  'conf cons crst dirs dump envi hash isro mntr ruok srst srvr wchc wchp wchs'.split(' '),
)

/** The shell takes it without flwc before it. */
export const isFourLetterWord = (word: string): boolean => WORDS.has(word)

const flwc: Verb = {
  name: 'flwc',
  summary: 'ask the servers a four-letter word, such as ruok, srvr or mntr',
  arguments: [['<word>', 'e.g. mntr; ruok, mntr and the others need no flwc before them']],
  examples: ['stat', 'mntr'],
  only: 'shell',
  async run(run, [word = '']) {
    if (!/^[a-z]{4}$/.test(word)) throw new UsageError('the word has four letters, e.g. mntr')
    await answers(run, word)
  },
}

const version: Verb = {
  name: 'version',
  summary: 'print the version of this program, and those of the servers',
  examples: [''],
  only: 'shell',
  async run(run) {
    const { target, output, signal } = run
    // It needs the proxy, and a command that reads a znode does not.
    const { versionLine } = await import('../../version.ts')
    const found: Record<string, string> = {}
    for (const server of target.servers ?? []) {
      const text = await server.ask('srvr', signal).catch(() => undefined)
      signal.throwIfAborted()
      found[server.name] = /^Zookeeper version: ([^,\n]+)/m.exec(text ?? '')?.[1] ?? 'not known'
    }
    if (output.isJson) {
      await output.json({ program: versionLine(), servers: found })
      return
    }
    await output.line(versionLine())
    for (const [name, text] of Object.entries(found))
      await output.line(printableText(`${name}: ${text}`))
  },
}

export const servingVerbs: readonly Verb[] = [config, flwc, version]
