/** Log lines for people: pino's JSON as "time level message name=value …". Neighbour: logger. */
import { printable } from './znode/printable.ts'

const LEVELS: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
}
/** Of every line, the same all the time or shown otherwise. */
const LEFT_OUT: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'msg'])

/** One line of JSON as text. What is no line of pino stays as it is. */
export function asText(line: string): string {
  try {
    return shown(JSON.parse(line) as Record<string, unknown>)
  } catch {
    return line
  }
}

function shown(entry: Record<string, unknown>): string {
  const { level, time, msg } = entry
  const fields = Object.entries(entry).flatMap(([name, value]) =>
    LEFT_OUT.has(name) ? [] : fieldsOf(name, value),
  )
  const shownLevel = (LEVELS[Number(level)] ?? String(level)).padEnd(5)
  const when = new Date(Number(time)).toISOString()
  const head = `${when} ${shownLevel} ${printable(String(msg ?? ''))}`
  return `${[head, ...fields].join(' ')}\n${stackOf(entry.err)}`
}

function fieldsOf(name: string, value: unknown): string[] {
  if (name === 'err') return [`reason=${quoted(reasonOf(value))}`]
  const text = typeof value === 'string' ? quoted(value) : printable(JSON.stringify(value))
  return [`${printable(name)}=${text}`]
}

/** As of a store that does not answer: it comes again and again, and its place in our code says nothing about it. */
const mayPass = (error: unknown): boolean =>
  (error as { readonly retriable?: unknown } | null)?.retriable === true

/** pino puts the messages of all causes behind it, which say the same again. */
function reasonOf(error: unknown): string {
  const { message, stack, type } = (error ?? {}) as { [name in string]?: unknown }
  const [first = ''] = String(stack ?? '').split('\n', 1)
  const own = `${type}: `
  if (mayPass(error) && first.startsWith(own)) return first.slice(own.length)
  return String(message ?? error)
}

/** Where it was thrown, indented. */
function stackOf(error: unknown): string {
  if (mayPass(error)) return ''
  const stack = String((error as Error | null)?.stack ?? '')
  const places = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return places.map((line) => `    ${printable(line.trim())}\n`).join('')
}

const quoted = (text: string): string =>
  /^[^\s"=]+$/.test(text) ? printable(text) : printable(JSON.stringify(text))
