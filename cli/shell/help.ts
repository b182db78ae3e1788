/** The answer to "help". Neighbour: interpreter. */
import { padded } from '../znode/printable.ts'
import type { Verb } from '../znode/verb.ts'

const OWN: readonly (readonly [string, string])[] = [
  ['cd [path]', 'change the current znode, from which relative paths begin'],
  ['pwd', 'print it'],
  ['connect [server]', 'open another session, there'],
  ['history', 'list the lines before'],
  ['redo <number>', 'repeat one of them'],
  ['printwatches [on|off]', 'show the events of watches, or do not'],
  ['help [command]', 'this list; or the flags of a command, with examples'],
  ['quit', 'end the session and the shell, as Ctrl-D does'],
]

export function overview(verbs: readonly Verb[]): string[] {
  const rows = [
    ...verbs.map(({ name, arguments: args = [], summary, aliases = [] }) => {
      const also = aliases.length === 0 ? '' : ` (also ${aliases.join(', ')})`
      return [[name, ...args.map(([text]) => text)].join(' '), `${summary}${also}`] as const
    }),
    ...OWN,
  ]
  const width = Math.max(...rows.map(([left]) => left.length))
  return [
    ...rows.map(([left, right]) => `${padded(left, width)}  ${right}`),
    '',
    'Quotes and backslashes keep blanks: set /a "two words". Tab completes commands, flags and paths. Ctrl-C ends a command.',
  ]
}
