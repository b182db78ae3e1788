/** Completion for fish. Neighbour: model. */
import type { Flag, Words } from './model.ts'

function flagLine(
  condition: string,
  { short, long, text, hasValue, choices, isFile }: Flag,
): string {
  return [
    'complete -c anykeeper',
    condition,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(hasValue ? ['-r'] : []),
    ...(hasValue && isFile ? ['-F'] : []),
    ...(choices.length > 0 ? [`-a '${choices.join(' ')}'`] : []),
    `-d '${text}'`,
  ].join(' ')
}

/** \`trail\`: the words before. */
function linesOf(command: Words, trail: readonly string[]): string[] {
  const names = command.words.map(({ name }) => name)
  const here = trail.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ')
  const unless = names.length === 0 ? '' : `not __fish_seen_subcommand_from ${names.join(' ')}`
  const condition = `-n '${[here, unless].filter((one) => one !== '').join('; and ')}'`
  return [
    ...command.words.map(
      ({ name, text }) => `complete -c anykeeper ${condition} -a ${name} -d '${text}'`,
    ),
    ...command.flags.map((flag) => flagLine(condition, flag)),
    ...command.words.flatMap((one) => linesOf(one, [...trail, one.name])),
  ]
}

/** `anykeeper completion fish | source` */
export function fishScript(program: Words): string {
  const lines = linesOf(program, [])
  return `# fish completion of anykeeper: anykeeper completion fish | source\ncomplete -c anykeeper -f\n${lines.join('\n')}\n`
}
