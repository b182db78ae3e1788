/**
 * Requests to the API of the server that the page came from. Credentials are those that were entered, in a header: a browser adds them
 * to no request by itself, so pages of others cannot use them. They are kept for this tab alone. What a browser adds is for the way
 * there: a certificate that the port wants, or the cookie of a proxy in front.
 */

const KEY = 'anykeeper-credentials'
/** How long an answer may take, ms: a change may wait for the store for ten seconds. */
const ANSWER_MS_MAX = 15_000
/** Relative to /ui/: a proxy in front may serve all of it below a path of its own. */
const BASE = new URL('../api/v1/', location.href)
const METRICS = new URL('../metrics', location.href)

/** An answer that is none of 2xx, or none at all: then `status` is 0. */
export class ApiError extends Error {
  /** @param {number} status @param {string} sentence */
  constructor(status, sentence) {
    super(sentence)
    this.status = status
  }
}

/** @typedef {Record<string, string | number | boolean | undefined>} Query */

/** The newest change that was seen: of several processes behind one port some are behind it for a moment. */
let newestZxid = 0

let credentials = sessionStorage.getItem(KEY) ?? undefined

export const hasCredentials = () => credentials !== undefined

/**
 * With a user it is a super user's password, else the admin token.
 * @param {string} user
 * @param {string} secret
 */
export function signIn(user, secret) {
  const bytes = new TextEncoder().encode(`${user}:${secret}`)
  credentials = user === '' ? `Bearer ${secret}` : `Basic ${btoa(String.fromCharCode(...bytes))}`
  sessionStorage.setItem(KEY, credentials)
}

export function signOut() {
  credentials = undefined
  sessionStorage.removeItem(KEY)
}

/**
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @param {number} [msMax]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function get(path, query = {}, signal = undefined, msMax = ANSWER_MS_MAX) {
  const response = await request(urlOf(path, query), { ...(signal && { signal }) }, msMax)
  return read(() => response.json())
}

/**
 * A znode, as of the newest change that this page has seen, or a later one. @param {Query} query @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function getZnode(query, signal) {
  const answer = await get('tree', { ...query, zxid: newestZxid || undefined }, signal)
  // An older one is all that there is: the store was restored.
  newestZxid = answer.zxid
  return answer
}

/** @param {any} answer to a change */
function changed(answer) {
  newestZxid = Math.max(newestZxid, answer.zxid)
  return answer
}

/**
 * @param {'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {Query} query
 * @param {object} [body]
 * @returns {Promise<any>}
 * @throws {ApiError} status 0 and 503: what was to be changed may be changed
 */
export async function send(method, path, query, body = undefined) {
  const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await request(urlOf(path, query), { method, ...(body && json) }, ANSWER_MS_MAX)
  return changed(await read(() => response.json()))
}

/**
 * A body of bytes. @param {string} path @param {Query} query @param {Uint8Array} bytes @returns {Promise<any>}
 * @throws {ApiError} status 0 and 503: what was to be changed may be changed
 */
export async function sendBytes(path, query, bytes) {
  const headers = { 'content-type': 'application/octet-stream' }
  const body = /** @type {Uint8Array<ArrayBuffer>} */ (bytes)
  const response = await request(
    urlOf(path, query),
    { method: 'PUT', body, headers },
    ANSWER_MS_MAX,
  )
  return changed(await read(() => response.json()))
}

/** An answer of bytes. @param {string} path @param {Query} query @returns {Promise<Blob>} @throws {ApiError} */
export async function bytesOf(path, query) {
  const response = await request(urlOf(path, query), {}, ANSWER_MS_MAX)
  return read(() => response.blob())
}

/** The text of /metrics, which anybody may read. @throws {ApiError} */
export async function metricsText() {
  const response = await request(METRICS, {}, ANSWER_MS_MAX)
  return read(() => response.text())
}

/**
 * Lines of JSON as they come, until the server or `signal` ends them.
 * @param {string} path
 * @param {Query} query
 * @param {AbortSignal} signal
 * @param {(line: string) => void} onLine
 * @param {number} lineCharsMax a longer line is left out: onLine gets an empty one
 */
export async function lines(path, query, signal, onLine, lineCharsMax) {
  const response = await request(urlOf(path, query), { signal }, undefined)
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let isTooLong = false
  for (;;) {
    const { value, done } = await read(() => reader.read())
    if (done) return
    const parts = decoder.decode(value, { stream: true }).split('\n')
    const last = /** @type {string} */ (parts.pop())
    for (const part of parts) {
      const line = rest + part
      onLine(isTooLong || line.length > lineCharsMax ? '' : line)
      rest = ''
      isTooLong = false
    }
    rest += last
    if (rest.length <= lineCharsMax) continue
    rest = ''
    isTooLong = true
  }
}

/** @param {string} path @param {Query} query */
function urlOf(path, query) {
  const url = new URL(path, BASE)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

/**
 * @param {URL} url
 * @param {RequestInit} init
 * @param {number | undefined} msMax undefined: an answer that does not end has no deadline
 */
async function request(url, init, msMax) {
  // Its 401 would have the browser ask for a password by itself.
  if (credentials === undefined && url !== METRICS) throw new ApiError(401, 'Nobody is signed in.')
  const signals = [init.signal, msMax === undefined ? undefined : AbortSignal.timeout(msMax)]
  const signal = AbortSignal.any(signals.flatMap((one) => one ?? []))
  const headers = { ...init.headers, ...(credentials && { authorization: credentials }) }
  const options = { ...init, headers, signal, credentials: /** @type {const} */ ('same-origin') }
  const response = await read(() => fetch(url, { ...options, redirect: 'error' }))
  if (response.ok) return response
  throw new ApiError(response.status, await sentenceOf(response))
}

/** @param {Response} response */
async function sentenceOf(response) {
  const text = await response.text().catch(() => '')
  try {
    const { error } = JSON.parse(text)
    if (typeof error === 'string') return error
  } catch {
    // It is no answer of the API.
  }
  return `The server answered with status ${response.status}.`
}

/**
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
async function read(run) {
  try {
    return await run()
  } catch (error) {
    if (error?.name === 'AbortError') throw error
    const isLate = error?.name === 'TimeoutError'
    throw new ApiError(
      0,
      isLate ? 'The server did not answer in time.' : 'The server cannot be reached.',
    )
  }
}
