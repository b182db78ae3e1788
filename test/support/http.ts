/** HTTP as a probe or a script sends it: one request, one connection. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { ConnectionOptions } from 'node:tls'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  json<T = Record<string, unknown>>(): T
}

export interface HttpRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** HTTPS with these. */
  readonly tls?: ConnectionOptions
  /** Unit ms. Default 30 000. */
  readonly timeoutMs?: number
  /** Ends it earlier. */
  readonly signal?: AbortSignal
}

/** Rejects when there is no answer in time. */
export function http(port: number, path: string, options: HttpRequest = {}): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body, tls, timeoutMs = 30_000, signal } = options
  return new Promise((resolve, reject) => {
    const send = tls === undefined ? requestHttp : requestHttps
    const request = send({
      ...tls,
      host: '127.0.0.1',
      ...{ port, path, method, headers },
      agent: false,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: <T>() => JSON.parse(text) as T,
        })
      })
    })
    request.end(body)
  })
}
