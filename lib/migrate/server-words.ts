/**
 * What a server says about itself on its client port, by four-letter words. Each may be switched off
 * (4lw.commands.whitelist; since 3.5 only srvr is on unless more are listed). Neighbours: find-members, check-source.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import type { KnownTls } from '../client/tls-options.ts'
import { openSocket } from '../client/wire/open-socket.ts'
import { SourceError } from './source-error.ts'
import type { HostPort } from './source-feed.ts'

export interface WordOptions {
  readonly tls: KnownTls | undefined
  readonly clock: Clock
  /** For the connection and the answer. Unit ms. */
  readonly timeoutMs: number
  /** Of the answer: `cons` of a server with tens of thousands of clients is long. */
  readonly bytesMax: number
}

export type ServerMode = 'leader' | 'follower' | 'observer' | 'standalone'

/** undefined: not said. */
export interface ServerWords {
  readonly address: HostPort
  readonly mode: ServerMode | undefined
  /** Such as 3.8.0. */
  readonly version: string | undefined
  /** Newest zxid that it has applied. */
  readonly zxid: bigint | undefined
  /** What `conf` says: its settings by name. */
  readonly conf: ReadonlyMap<string, string> | undefined
  /** It answers `srvr`, and neither with a mode nor that the word is switched off: as an anykeeper or a restarting server. */
  readonly text: string
}

const SWITCHED_OFF = /is not executed because it is not in the whitelist/

/** The answer; undefined: the word is switched off. @throws {SourceError} SOURCE_UNREACHABLE, SOURCE_SILENT */
export async function fourLetterWord(
  address: HostPort,
  word: string,
  { tls, clock, timeoutMs, bytesMax }: WordOptions,
): Promise<string | undefined> {
  let socket: Socket | undefined
  const text = await new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    const opened = openSocket(address, tls, () => opened.write(word))
    socket = opened.unref()
    const cancel = deadline(clock, timeoutMs, () => {
      opened.destroy(
        new SourceError('SOURCE_SILENT', `no answer to ${word} within ${timeoutMs} ms`),
      )
    })
    opened.on('data', (chunk: Buffer) => {
      parts.push(chunk)
      bytes += chunk.length
      if (bytes > bytesMax) {
        opened.destroy(new Error(`the answer to ${word} has more than ${bytesMax} bytes`))
      }
    })
    opened.on('error', (cause) => {
      cancel()
      reject(
        cause instanceof SourceError
          ? cause
          : new SourceError('SOURCE_UNREACHABLE', cause.message, { cause }),
      )
    })
    opened.on('close', () => {
      cancel()
      resolve(Buffer.concat(parts).toString())
    })
  }).finally(() => socket?.destroy())
  return SWITCHED_OFF.test(text) ? undefined : text
}

/** `srvr` and `conf`. @throws {SourceError} the server does not answer */
export async function serverWords(address: HostPort, options: WordOptions): Promise<ServerWords> {
  const [srvr, conf] = await Promise.all([
    fourLetterWord(address, 'srvr', options),
    fourLetterWord(address, 'conf', options).catch(() => undefined),
  ])
  return parseServerWords(address, srvr ?? '', conf)
}

export function parseServerWords(
  address: HostPort,
  srvr: string,
  conf: string | undefined,
): ServerWords {
  const [, mode] = /^Mode: (leader|follower|observer|standalone)\s*$/m.exec(srvr) ?? []
  const [, version] = /^Zookeeper version: (\d+\.\d+\.\d+)/m.exec(srvr) ?? []
  const [, zxid] = /^Zxid: 0x([0-9a-f]{1,16})\s*$/m.exec(srvr) ?? []
  const settings = conf === undefined ? [] : [...conf.matchAll(/^([\w.]+)=(.*?)\s*$/gm)]
  return {
    address,
    mode: mode as ServerMode | undefined,
    version,
    zxid: zxid === undefined ? undefined : BigInt(`0x${zxid}`),
    conf:
      settings.length === 0
        ? undefined
        : new Map(settings.map(([, name = '', value = '']) => [name, value])),
    text: srvr,
  }
}
