/** Reads test/wire/fixtures: bodies of frames captured from a real ZooKeeper. */

import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../wire/fixtures/', import.meta.url)

export interface CapturedFrame {
  direction: '>' | '<'
  body: Buffer
}
export interface Capture {
  name: string
  /** The first line: where it comes from. */
  origin: string
  /** The handshake. */
  connect: { request: Buffer; response: Buffer }
  /** Everything after it. */
  frames: CapturedFrame[]
}

export function loadCaptures(): Capture[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.hex'))
    .map((file) => parse(file, readFileSync(new URL(file, FOLDER), 'utf8')))
}

function parse(name: string, content: string): Capture {
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
