/** A proxy with a secure port in this process, its log, and certificates of two authorities. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import type { SecureOptions } from '../../proxy/tls/options.ts'
import type { Certificate } from './certificates.ts'
import { eventually } from './eventually.ts'
import { fourLetterWord } from './four-letter-word.ts'
import { removeFolder, temporaryFolder } from './temp-folder.ts'
import { TestAuthority } from './test-authority.ts'
import { collectingLogger, type LogEntry, type Served, type WireBench } from './wire-bench.ts'

export const PASSWORD = 'store password'

/** Made once for all tests of a file. */
export class TlsFixtures {
  readonly folder = temporaryFolder('tls')
  readonly trusted = new TestAuthority(this.folder, 'trusted')
  readonly other = new TestAuthority(this.folder, 'other')
  readonly server = this.trusted.issue('server')
  readonly client = this.trusted.issue('client', { subject: '/O=Test/OU=Wire/CN=client' })

  remove(): void {
    removeFolder(this.folder)
  }

  /** Options of a client that shows `who`; undefined: no certificate. */
  clientOptions(who: Certificate | undefined = this.client): ConnectionOptions {
    const shown = who && { cert: readFileSync(who.cert), key: readFileSync(who.key) }
    return { ca: readFileSync(this.trusted.ca), ...shown }
  }

  get files(): SecureOptions['files'] {
    return { cert: this.server.cert, key: this.server.key, ca: this.trusted.ca }
  }
}

/** A value for each variable of the settings of TLS, but for those that name a file with a secret. */
export function tlsVariables(made: TlsFixtures, password = PASSWORD): Record<string, string> {
  const { trusted, server } = made
  const out = `pass:${password}`
  trusted.openssl('pkcs8', '-topk8', '-in', server.key, '-out', 'locked.key', '-passout', out)
  const trust = ['-export', '-nokeys', '-in', trusted.ca, '-out', 'trust.p12', '-passout', out]
  trusted.openssl('pkcs12', ...trust)
  return {
    ANYKEEPER_SECURE_LISTEN: '127.0.0.1:0',
    ANYKEEPER_TLS_ON_LISTEN: 'true',
    ANYKEEPER_TLS_CERT: server.cert,
    ANYKEEPER_TLS_KEY: trusted.path('locked.key'),
    ANYKEEPER_TLS_PASSWORD: password,
    ANYKEEPER_TLS_CA: trusted.path('trust.p12'),
    ANYKEEPER_TLS_CA_PASSWORD: password,
    ANYKEEPER_TLS_CRL: trusted.revoke(),
    ANYKEEPER_TLS_CLIENT_AUTH: 'want',
    ANYKEEPER_TLS_VERSIONS: 'TLSv1.3',
    ANYKEEPER_TLS_CIPHERS: 'TLS_AES_128_GCM_SHA256',
    ANYKEEPER_TLS_RELOAD: 'true',
    ANYKEEPER_X509_SUPER_USER: 'CN=admin',
    ANYKEEPER_MAX_HANDSHAKES: '50',
    ANYKEEPER_HANDSHAKE_TIMEOUT: '5000',
  }
}

export interface SecureServed extends Served {
  readonly securePort: number
  readonly entries: LogEntry[]
  /** The first line of this text, once it is there. */
  logged(text: string): Promise<LogEntry>
}

export async function serveSecurely(
  bench: WireBench,
  secure: Partial<SecureOptions> & Pick<SecureOptions, 'files'>,
  more: { greetingTimeoutMs?: number; connectionsPerAddressMax?: number } = {},
): Promise<SecureServed> {
  const { logger, entries } = collectingLogger()
  const served = await bench.serve({
    keeper: { logger, aclSchemes: new Set(['digest', 'ip', 'x509']) },
    proxy: { ...more, secure: { port: 0, ...secure } },
  })
  return {
    ...served,
    entries,
    securePort: served.proxy.securePort,
    logged: (text) => eventually(text, () => entries.find(({ message }) => message.includes(text))),
  }
}

/** A number of mntr; `name` without zk_. */
export async function statOf({ port }: SecureServed, name: string): Promise<number> {
  const lines = await fourLetterWord({ host: '127.0.0.1', port }, 'mntr')
  return Number(new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(lines)?.[1])
}

/** Common name of the certificate that a client sees. */
export async function subjectAt(port: number, made: TlsFixtures): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ...made.clientOptions() })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  // Destroyed, it would take the end of its handshake with it.
  socket.end()
  await once(socket, 'close')
  return String(subject.CN)
}

/** A TCP connection that the test sends bytes on. */
export function openTcp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port, host: '127.0.0.1' }, () => resolve(socket))
    socket.once('error', reject)
  })
}

export const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) return resolve()
    socket.on('error', () => {})
    socket.resume()
    socket.once('close', () => resolve())
  })

/** What it is rejected with. */
export async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The first message of a client of Node. */
export async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}
