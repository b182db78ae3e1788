/** Settings: TLS of the admin port. Neighbours: admin (the port), tls (the clients' one). */
import { InvalidArgumentError } from 'commander'
import { reasonOf } from '../../../lib/internal.ts'
import { type AdminTlsOptions, checkAdminTls } from '../../../proxy/index.ts'
import { anyText, parseSwitch } from '../parse.ts'
import type { Get, Group, Parts, Setting } from '../setting.ts'
import { adminListen, metricsListen } from './admin.ts'
import { reload } from './tls.ts'

/** ZooKeeper serves it with the certificate of its quorum, which means nothing else here. */
function joinCert(parts: Parts): string | undefined {
  if (!parseSwitch(parts.get('admin.forceHttps') ?? 'false')) return undefined
  const location = parts.get('ssl.quorum.keyStore.location')
  if (location !== undefined && location !== '') return location
  throw new InvalidArgumentError('expected ssl.quorum.keyStore.location, too: HTTPS needs it.')
}

const cert: Setting<string | undefined> = {
  name: 'admin-tls-cert',
  value: '<file>',
  text: 'answer HTTPS instead of HTTP: certificate and chain, PEM, with the key or without it; or PKCS12',
  parse: anyText,
  zookeeper: ['admin.forceHttps', 'ssl.quorum.keyStore.location', 'ssl.quorum.keyStore.type'],
  joinZookeeper: joinCert,
}

const key: Setting<string | undefined> = {
  name: 'admin-tls-key',
  value: '<file>',
  text: 'key of that certificate, PEM, if it is in another file',
  parse: anyText,
}

const password: Setting<string | undefined> = {
  name: 'admin-tls-password',
  value: '<text>',
  text: 'password of that key or PKCS12 store',
  parse: anyText,
  secret: true,
  zookeeper: ['ssl.quorum.keyStore.password'],
  zookeeperFile: ['ssl.quorum.keyStore.passwordPath'],
}

const ca: Setting<string | undefined> = {
  name: 'admin-tls-ca',
  value: '<file>',
  text: 'answer only clients with a certificate of one of these authorities, PEM',
  parse: anyText,
}

/** undefined: plain HTTP. */
export function adminTlsOf(get: Get): AdminTlsOptions | undefined {
  const certFile = get(cert)
  if (certFile === undefined) return undefined
  const optional = (name: string, value: string | undefined) =>
    value === undefined ? {} : { [name]: value }
  return {
    files: {
      cert: certFile,
      ...optional('key', get(key)),
      ...optional('passphrase', get(password)),
      ...optional('ca', get(ca)),
    },
    reload: get(reload),
  }
}

/** Reads the files: what is wrong with them is found before a store is opened. */
function check(get: Get): string[] {
  const options = adminTlsOf(get)
  if (options === undefined) {
    if (get(key) === undefined && get(ca) === undefined) return []
    return ['HTTPS needs a certificate: name it with admin-tls-cert']
  }
  if (get(adminListen) === undefined && get(metricsListen) === undefined) {
    return ['admin-tls-cert is given, but no port answers HTTP: set admin-listen']
  }
  try {
    checkAdminTls(options)
    return []
  } catch (error) {
    return [`admin-tls-cert: ${reasonOf(error)}`]
  }
}

export const adminTls: Group = {
  title: 'TLS of the admin port',
  settings: [cert, key, password, ca],
  check,
}
