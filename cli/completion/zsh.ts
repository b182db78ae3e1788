/** Completion for zsh. Neighbour: model. */
import { type Flag, namesOf, type Words } from './model.ts'

/** Colons separate the parts of a specification. */
const colons = (text: string): string => text.replaceAll(':', '\\:')

function flagSpec(flag: Flag): string {
  const names = namesOf(flag)
  const choices = flag.choices.length > 0 ? `(${flag.choices.join(' ')})` : ' '
  const value = flag.hasValue ? `:value:${flag.isFile ? '_files' : choices}` : ''
  const head = names.length > 1 ? `'(${names.join(' ')})'{${names.join(',')}}` : `'${names[0]}`
  const open = names.length > 1 ? `'` : ''
  return `${head}${open}[${colons(flag.text)}]${value}'`
}

const functionName = (trail: readonly string[]): string =>
  ['_anykeeper', ...trail].join('_').replaceAll('-', '_')

function functionsOf(command: Words, trail: readonly string[]): string[] {
  const specs = command.flags.map(flagSpec)
  const name = functionName(trail)
  if (command.words.length === 0) {
    return [`${name}() {\n  _arguments ${[...specs, `'*:path:_files'`].join(' \\\n    ')}\n}`]
  }
  const described = command.words.map((one) => `    '${one.name}:${colons(one.text)}'`)
  const cases = command.words.map(
    (one) => `    ${one.name}) ${functionName([...trail, one.name])} ;;`,
  )
  return [
    ...command.words.flatMap((one) => functionsOf(one, [...trail, one.name])),
    `${name}() {
  local state line
  local -a commands=(
${described.join('\n')}
  )
  _arguments -C ${[...specs, `'1:command:->command'`, `'*::argument:->argument'`].join(' \\\n    ')}
  case $state in
  command) _describe command commands ;;
  argument)
    case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`,
  ]
}

/** `eval "$(anykeeper completion zsh)"`, behind compinit. */
export function zshScript(program: Words): string {
  const functions = functionsOf(program, [])
  return `#compdef anykeeper\n# zsh completion of anykeeper: eval "$(anykeeper completion zsh)"\n${functions.join('\n')}\ncompdef _anykeeper anykeeper\n`
}
