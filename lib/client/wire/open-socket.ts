/** The socket of a connection, with or without TLS. Neighbours: connection, ../tls-options. */
import { connect, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls'
import type { KnownTls } from '../tls-options.ts'
import type { Server } from './server-list.ts'

/** `onReady`: bytes can be sent; with TLS, to a server whose certificate was verified. */
export function openSocket(
  { host, port }: Server,
  tls: KnownTls | undefined,
  onReady: () => void,
): Socket {
  if (tls === undefined) return connect({ host, port, noDelay: true }).on('connect', onReady)
  const { context, serverName, rejectUnauthorized } = tls
  const socket = connectTls({
    host,
    port,
    secureContext: context,
    rejectUnauthorized,
    ...(serverName !== undefined && { servername: serverName }),
    checkServerIdentity: (name, certificate) => namedOtherwise(serverName ?? name, certificate),
  })
  return socket.setNoDelay(true).on('secureConnect', onReady)
}

/** By its alternative names alone: Node would also take the common name of the subject. */
function namedOtherwise(name: string, certificate: PeerCertificate): Error | undefined {
  const { CN: _commonName, ...subject } = certificate.subject
  return checkServerIdentity(name, {
    ...certificate,
    subject: subject as PeerCertificate['subject'],
  })
}
