/** What a proxy answers to every four-letter word, command and route, as the tables of docs/migration-refusals.md promise it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { WORDS } from '../../proxy/admin/four-letter-words.ts'
import { codeWords, tableRows } from '../support/docs-rules.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { http } from '../support/http.ts'

const page = readFileSync(new URL('../../docs/migration-refusals.md', import.meta.url), 'utf8')
const STANDBY =
  'this is a standby: the tree follows a ZooKeeper ensemble, and clients are served after anykeeper migrate take-over'
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

interface Sent {
  readonly query?: string
  readonly body?: string
}

const AT: Sent = { query: '?path=/e' }
/** What routes want, where a GET without parameters is not enough: nothing is wrong with it but the state of the proxy. */
const REQUESTS: Readonly<Record<string, Sent>> = {
  'POST /api/v1/tree': { query: '?path=/new', body: '{"data":""}' },
  'PUT /api/v1/tree': { ...AT, body: '{"data":"","version":0}' },
  'DELETE /api/v1/tree': { query: '?path=/e&version=0' },
  'PUT /api/v1/data': { query: '?path=/e&version=0' },
  'PUT /api/v1/acl': {
    ...AT,
    body: '{"acl":[{"perms":31,"scheme":"world","id":"anyone"}],"aversion":0}',
  },
  'DELETE /api/v1/subtree': { query: '?path=/e&count=1&zxid=ZXID' },
  'POST /api/v1/connections/shed': { body: '{"percentage":0}' },
  'PUT /api/v1/log-level': { body: '{"level":"warn"}' },
  'GET /api/v1/search': { query: '?path=/&name=e' },
}
const hasPath = (path: string): boolean => /^\/api\/v1\/(?:tree|data|subtree)$/.test(path)

/** The answer that a table promises to each. */
export function promised(name: string): Map<string, string> {
  const rows = tableRows(page, name)
  return new Map(rows.flatMap(([cell, answer]) => codeWords(cell!).map((word) => [word, answer!])))
}

/** Of the kinds of the page: what the answer says. `reason`: why nobody is served. */
export function kindOf(text: string, status = 200, reason = STANDBY): string {
  if (text.includes(reason)) return `${status === 200 ? '' : `${status}, `}the reason`
  if (text.includes(NOT_SERVING)) return 'not serving'
  return status === 200 || status === 201 ? 'answered' : String(status)
}

/** Of every word. `kind`: of an answer. */
export async function wordAnswers(
  server: { readonly host: string; readonly port: number },
  kind: (answer: string, word: string) => string,
): Promise<[string, string][]> {
  const seen: [string, string][] = []
  for (const word of WORDS) seen.push([word, kind(await fourLetterWord(server, word), word)])
  return seen
}

export interface Asking {
  readonly port: number
  readonly token: string
  /** As it is in the path of a route. */
  readonly session: string
  /** See {@link kindOf}. */
  readonly reason?: string
}

/** One admin port, and who asks. */
export class AdminAnswers {
  readonly #port: number
  readonly #headers: Record<string, string>
  readonly #session: string
  readonly #kind: (text: string, status: number) => string

  constructor({ port, token, session, reason }: Asking) {
    this.#port = port
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    this.#session = session
    this.#kind = (text, status) => kindOf(text, status, reason)
  }

  /** Of every command that the server lists. */
  async commands(): Promise<[string, string][]> {
    const headers = this.#headers
    const list = await http(this.#port, '/commands', { headers })
    const names = [...list.body.matchAll(/\/commands\/(\w+)/g)].map(([, name]) => name as string)
    const seen: [string, string][] = []
    for (const name of new Set(names)) {
      const method = ['restore', 'shed_connections'].includes(name) ? 'POST' : 'GET'
      const sent = { method, headers, ...(method === 'POST' && { body: '{}' }) }
      const { status, body } = await http(this.#port, `/commands/${name}`, sent)
      seen.push([name, this.#ofCommand(this.#kind(body, status), body)])
    }
    return seen
  }

  /** One of them, as it is. */
  async command(name: string): Promise<Record<string, unknown>> {
    return (await http(this.#port, `/commands/${name}`, { headers: this.#headers })).json()
  }

  /** A sentence in `error` is a refusal of every server. */
  #ofCommand(kind: string, body: string): string {
    const { error } = JSON.parse(body) as { error: unknown }
    return kind === 'answered' && typeof error === 'string' ? 'refused' : kind
  }

  /** Of the routes that a table has, in its order. `prepare`: makes /e anew, and returns the newest zxid below it. */
  async routes(
    table: ReadonlyMap<string, string>,
    prepare: () => Promise<number> = async () => 4_294_967_298,
  ): Promise<[string, string][]> {
    const seen: [string, string][] = []
    for (const route of table.keys()) {
      const zxid = await prepare()
      const [method = '', path = ''] = route.split(' ')
      const { query = '', body } = REQUESTS[route] ?? (method === 'GET' && hasPath(path) ? AT : {})
      const real = `${path.replace(':id', this.#session)}${query.replace('ZXID', `${zxid}`)}`
      const headers = this.#headers
      if (path === '/api/v1/changes') {
        seen.push([route, this.#kind('', await this.#feedStatus(real))])
        continue
      }
      const answer = await http(this.#port, real, { method, headers, ...(body && { body }) })
      seen.push([route, this.#kind(answer.body, answer.status)])
    }
    return seen
  }

  /** A feed that is open has no end. */
  async #feedStatus(path: string): Promise<number> {
    const headers = this.#headers
    const request = get({ port: this.#port, path, headers, host: '127.0.0.1' })
    const [response] = await once(request, 'response')
    request.on('error', () => {})
    request.destroy()
    return response.statusCode
  }
}

/** All routes of the API, which a table must have. */
export function knownRoutes(): string[] {
  const url = new URL('../../proxy/admin/http/api/api-routes.ts', import.meta.url)
  const source = readFileSync(url, 'utf8')
  return [...source.matchAll(/route\(\s*'(\w+)',\s*'([^']+)'/g)].map(
    ([, method, path]) => `${method} /api/v1/${path}`,
  )
}
