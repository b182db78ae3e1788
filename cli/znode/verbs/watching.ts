/** The verb watch: events of a path as they come. Neighbours: reading, ../verb. */
import { Option } from 'commander'
import { EVENT } from '../../../lib/index.ts'
import { whole } from '../../settings/parse.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { printable } from '../printable.ts'
import { pathOf, type Run, type Verb } from '../verb.ts'

const WORDS: Readonly<Record<number, string>> = {
  [EVENT.NodeCreated]: 'created',
  [EVENT.NodeDeleted]: 'deleted',
  [EVENT.NodeDataChanged]: 'changed',
  [EVENT.NodeChildrenChanged]: 'children',
}

/** An event in a word. */
export const eventWord = (type: number): string => WORDS[type] ?? 'resumed'

/** Without a shell, which opens another session, a watch ends when its session must be taken for lost. */
class Outage {
  readonly #controller = new AbortController()
  readonly end: () => void

  constructor({ client, output, onEvent }: Run) {
    if (onEvent !== undefined) {
      this.end = () => {}
      return
    }
    this.end = client.onStateChange((state) => {
      if (state === 'suspended') output.say('the connection was lost: reconnecting')
      else if (state === 'connected') output.say('connected again')
      else if (state === 'lost') {
        const ms = client.timeoutMs
        this.#controller.abort(
          new CommandError(
            EXIT.noServer,
            `no server was reached for ${ms} ms, so the session has ended`,
          ),
        )
      }
    })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }
}

const watch: Verb = {
  name: 'watch',
  summary: 'report every change of a znode until Ctrl-C',
  description:
    'Report every change of a znode until Ctrl-C: its time, what happened, and the path. The line "watching" on stderr says ' +
    'that nothing is missed from there on; "resumed" says that events may be missing: read again.',
  arguments: [['<path>', 'of the znode, which need not be there']],
  options: [
    new Option('-R, --recursive', 'of everything below it, too'),
    new Option('-n, --count <events>', 'end after so many').argParser(whole(1)),
  ],
  examples: ['/app/config', '-R --count 1 /app', '--json -R /'],
  async run(run, args, { recursive, count = Number.POSITIVE_INFINITY }) {
    const { client, output } = run
    const path = pathOf(run, args)
    const outage = new Outage(run)
    const signal = AbortSignal.any([run.signal, outage.signal])
    let left = count as number
    let isFirst = true
    try {
      for await (const event of client.watch(path, { recursive: recursive === true, signal })) {
        if (event.type === EVENT.None && isFirst) {
          isFirst = false
          output.say(`watching ${path}`)
          continue
        }
        const time = new Date().toISOString()
        const word = eventWord(event.type)
        if (output.isJson) await output.json({ time, event: word, path: event.path })
        else await output.line(`${time} ${word} ${printable(event.path)}`)
        await output.flush()
        if (event.type !== EVENT.None && --left === 0) return
      }
    } finally {
      outage.end()
    }
  },
}

const MODES = { PERSISTENT: 'persistent', PERSISTENT_RECURSIVE: 'persistent-recursive' } as const

const addWatch: Verb = {
  name: 'addWatch',
  summary: 'report every change of a znode while other commands run',
  arguments: [['<path>', 'of the znode']],
  options: [
    new Option(
      '-m, --mode <mode>',
      'of the znode and the names of its children, or of all below it',
    )
      .choices(Object.keys(MODES))
      .default('PERSISTENT_RECURSIVE'),
  ],
  examples: ['/app', '-m PERSISTENT /app'],
  only: 'shell',
  async run(run, args, { mode }) {
    const { client, onEvent = () => {} } = run
    await client.addWatch(pathOf(run, args), onEvent, MODES[mode as keyof typeof MODES])
  },
}

const removewatches: Verb = {
  name: 'removewatches',
  summary: 'end the watches of a path that this shell has set',
  arguments: [['<path>', 'of the znode']],
  options: [
    new Option('-c, --children', 'only that of ls -w').conflicts(['data', 'any']),
    new Option('-d, --data', 'only those of get -w and stat -w').conflicts('any'),
    new Option('-a, --any', 'all of them, those of addWatch too; so it is without a flag'),
    new Option('-l, --local', 'also while there is no connection to the server'),
  ],
  examples: ['/app', '-d /app', '-l /app'],
  only: 'shell',
  async run(run, args, { children, data, local }) {
    const { client, onEvent = () => {} } = run
    const removed = children === true ? 'children' : data === true ? 'data' : 'any'
    await client.caller.removeWatches(pathOf(run, args), onEvent, removed, local === true)
  },
}

export const watchingVerbs: readonly Verb[] = [watch, addWatch, removewatches]
