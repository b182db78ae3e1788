/**
 * The commands of ZooKeeper's AdminServer at /commands/<name>, as 3.9 answers them: JSON with the fields of the command, then
 * `command` and `error`. Neighbours: server-commands and client-commands (the tables), admin-server.
 */
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import type { Guard } from '../guard.ts'
import { jsonPieces } from '../json.ts'
import type { Route } from '../router.ts'
import { clientCommands } from './client-commands.ts'
import { type Command, CommandError, type Fields } from './command.ts'
import { serverCommands } from './server-commands.ts'

export const COMMANDS: readonly Command[] = [...serverCommands, ...clientCommands]

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'
const BY_NAME = new Map(COMMANDS.flatMap((command) => command.names.map((name) => [name, command])))

export interface CommandRoutesOptions {
  readonly url: string
  readonly bodyBytesMax: number
  readonly guard: Guard
  /** undefined: the tree is not loaded yet. */
  readonly host: () => ProxyHost | undefined
}

export function commandRoutes(options: CommandRoutesOptions): readonly Route[] {
  const { url } = options
  const handle = (call: Call) => answer(options, call)
  return [
    { method: 'GET', path: url, handle: (call) => call.send(200, HTML, indexPage(url)) },
    { method: 'GET', path: `${url}/:name`, handle },
    { method: 'POST', path: `${url}/:name`, handle },
  ]
}

const HTML = 'text/html; charset=utf-8'

function indexPage(url: string): string {
  const names = COMMANDS.map(({ names: [name] }) => name).sort()
  return names.map((name) => `<a href="${url}/${name}">${name}</a>\n<br/>\n`).join('')
}

async function answer(options: CommandRoutesOptions, call: Call): Promise<void> {
  const { guard, bodyBytesMax } = options
  const { name = '' } = call.params
  const command = BY_NAME.get(name)
  // As ZooKeeper: 200, and the error inside.
  if (command === undefined) return failed(call, 200, name, `Unknown command: ${name}`)
  const [primary] = command.names
  try {
    if (command.isGuarded === true) guard.check(call)
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    return failed(call, error.status, primary, error.message, error.headers)
  }
  if (command.method === 'POST' && call.method !== 'POST') {
    return failed(call, 405, primary, 'It changes something: send a POST.', { allow: 'POST' })
  }
  const body = call.method === 'POST' ? await call.jsonBody(bodyBytesMax) : {}
  const host = options.host()
  const isAnswered = host?.keeper.isServing === true || command.isAlwaysAnswered === true
  if (host === undefined || !isAnswered) return failed(call, 200, primary, NOT_SERVING)
  let fields: Fields
  try {
    fields = await command.run(host, { query: call.query, body })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return failed(call, 200, primary, error.message)
  }
  const value = { ...fields, command: primary, error: null }
  if (command.isLong === true) call.list(host.listings, value)
  else call.send(200, 'application/json', joined(value))
}

const joined = (value: unknown): string => [...jsonPieces(value)].join('')

function failed(
  call: Call,
  status: number,
  command: string,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  call.send(status, 'application/json', JSON.stringify({ command, error }), { ...headers })
}
