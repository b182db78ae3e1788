/** Reads test/wire/fixtures: bodies of frames captured from real ZooKeepers and their clients. */

import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../wire/fixtures/', import.meta.url)

/** ZooKeepers that were captured: a folder each. */
export const CAPTURED_VERSIONS = ['3.8.0', '3.9.5'] as const
export type CapturedVersion = (typeof CAPTURED_VERSIONS)[number]

export interface CapturedFrame {
  direction: '>' | '<'
  body: Buffer
}
export interface Capture {
  /** Of the server. */
  version: CapturedVersion
  name: string
  /** The first line: where it comes from. */
  origin: string
  /** The handshake. */
  connect: { request: Buffer; response: Buffer }
  /** Everything after it. */
  frames: CapturedFrame[]
}

export function loadCaptures(): Capture[] {
  return CAPTURED_VERSIONS.flatMap((version) => {
    const folder = new URL(`${version}/`, FOLDER)
    return readdirSync(folder)
      .filter((file) => file.endsWith('.hex'))
      .map((file) => ({ version, ...parse(file, readFileSync(new URL(file, folder), 'utf8')) }))
  })
}

function parse(name: string, content: string): Omit<Capture, 'version'> {
  const [origin, ...lines] = content.trim().split('\n')
  const [request, response, ...frames] = lines.map(
    (line): CapturedFrame => ({
      direction: line.startsWith('>') ? '>' : '<',
      body: Buffer.from(line.slice(2), 'hex'),
    }),
  )
  if (request?.direction !== '>' || response?.direction !== '<') {
    throw new Error(`${name} does not begin with a handshake`)
  }
  const connect = { request: request.body, response: response.body }
  return { name, origin: origin ?? '', connect, frames }
}
