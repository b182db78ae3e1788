/** Completion for bash. Neighbour: model. */
import { type Flag, namesOf, type Words } from './model.ts'

/** One line of a case: the words that may follow the command. */
function caseOf(path: string, { flags, words }: Words): string {
  const all = [...words.map(({ name }) => name), ...flags.flatMap(namesOf)]
  return `    ${path === '' ? "''" : `'${path}'`}) words='${all.join(' ')}' ;;`
}

function casesOf(path: string, command: Words): string[] {
  const below = command.words.flatMap((one) => casesOf(`${path} ${one.name}`.trim(), one))
  return [caseOf(path, command), ...below]
}

const flagsOf = (command: Words): readonly Flag[] => [
  ...command.flags,
  ...command.words.flatMap(flagsOf),
]

/** Flags of the same name have the same kind of value everywhere. */
function valueCases(program: Words): string[] {
  const cases = new Map<string, string>()
  for (const flag of flagsOf(program)) {
    if (!flag.hasValue) continue
    const reply = flag.isFile
      ? `compopt -o default 2>/dev/null; COMPREPLY=()`
      : `COMPREPLY=($(compgen -W '${flag.choices.join(' ')}' -- "$cur"))`
    cases.set(namesOf(flag).join('|'), `    ${namesOf(flag).join('|')}) ${reply}; return ;;`)
  }
  return [...cases.values()]
}

const groups = (program: Words): string[] =>
  program.words.filter(({ words }) => words.length > 0).map(({ name }) => name)

/** `eval "$(anykeeper completion bash)"` */
export function bashScript(program: Words): string {
  return `# bash completion of anykeeper: eval "$(anykeeper completion bash)"
_anykeeper() {
  local cur prev words i command=''
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
    ' -'*) ;;
    ' '[a-z]*) [[ -z $command ]] && command="\${COMP_WORDS[i]}" ;;
    ${groups(program)
      .map((name) => `'${name} '[a-z]*`)
      .join('|')}) command="$command \${COMP_WORDS[i]}" ;;
    esac
  done
  # A short flag may mean something else in another command, so those with a value are found by both names.
  case "$prev" in
${valueCases(program).join('\n')}
  esac
  case "$command" in
${casesOf('', program).join('\n')}
    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _anykeeper anykeeper
`
}
