/** The tables of docs/configuration.md, made from the settings of `serve` and the bounds of `anykeeper migrate …`. The prose around them is written by hand. */
import { shownBounds } from '../../cli/migrate/bound-flags.ts'
import { GROUPS } from '../../cli/settings/schema.ts'
import { type AnySetting, hasTwin, variableOf } from '../../cli/settings/setting.ts'
import { KNOWN_KEYS, type KnownKeys } from '../../cli/settings/zookeeper-keys.ts'

/** The page with its tables as they should be. @throws {Error} if a pair of markers is missing */
export function withTables(page: string): string {
  return [
    ['settings', settingsTables()],
    ['follow', followTable()],
    ['ignored', keysTable(KNOWN_KEYS.ignored)],
    ['refused', keysTable(KNOWN_KEYS.refused)],
  ].reduce((text, [name, table]) => withBlock(text, name!, table!), page)
}

function withBlock(page: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page lacks ${begin.trim()} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n${table}\n${page.slice(to)}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const code = (text: string): string => (text === '' ? '' : `\`${text.replaceAll('|', '\\|')}\``)

function settingsTables(): string {
  return GROUPS.map(({ title, settings }) =>
    [
      `### ${title}`,
      '',
      '| setting | variable | in ZooKeeper | default | what it does | SIGHUP |',
      '|---|---|---|---|---|---|',
      ...settings.flatMap(rowsOf),
      '',
    ].join('\n'),
  ).join('\n')
}

function rowsOf(setting: AnySetting): string[] {
  const { name, value, text, zookeeper = [], zookeeperFile = [], reload } = setting
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ')
  const names = (keys: readonly string[]) => keys.map(code).join(', ')
  const rows = [
    row(
      code(value === undefined ? name : `${name} ${value}`),
      code(variableOf(setting)),
      names(zookeeper),
      cell(defaultOf(setting)),
      cell(text),
      reload === true ? 'yes' : '',
    ),
  ]
  if (!hasTwin(setting)) return rows
  const twin = row(
    code(`${name}-file <file>`),
    code(`${variableOf(setting)}_FILE`),
    names(zookeeperFile),
    '',
    `take ${code(name)} from this file`,
    '',
  )
  return [...rows, twin]
}

function defaultOf({ default: value, defaultText, derive }: AnySetting): string {
  if (defaultText !== undefined) return defaultText
  if (derive !== undefined || value === undefined) return ''
  return value === false ? 'off' : code(String(value))
}

function followTable(): string {
  const rows = shownBounds().map((bound) => {
    const { flag, value, text, commands } = bound
    const names = commands.map(code).join(', ')
    return `| ${code(`--${flag} ${value}`)} | ${names} | ${code(String(bound.default))} | ${cell(text)} |`
  })
  return ['| flag | commands | default | what it does |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  )
}

function keysTable(table: readonly KnownKeys[]): string {
  const rows = table.map(({ keys, why }) => `| ${keys.map(code).join(', ')} | ${cell(why)} |`)
  return ['| keys | why |', '|---|---|', ...rows, ''].join('\n')
}
