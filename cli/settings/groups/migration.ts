/** Settings: serving clients while the tree follows a ZooKeeper ensemble. */
import { readFileSync } from 'node:fs'
import { type EnsembleAccess, reasonOf } from '../../../lib/internal.ts'
import { keeperBound, switchOf } from '../make.ts'
import { anyText } from '../parse.ts'
import type { Get, Group, Setting } from '../setting.ts'

export const serveWhileFollowing = switchOf(
  'serve-while-following',
  'serve clients while the tree follows a ZooKeeper ensemble: its leader decides what they write',
)

const file = (name: string, text: string): Setting<string | undefined> => ({
  ...{ name, text, value: '<file>', parse: anyText },
})

const ca = file('quorum-ca', 'TLS between the servers of the ensemble: their authority, PEM')
const cert = file('quorum-cert', 'TLS between the servers: our certificate and chain, PEM')
const key = file('quorum-key', 'TLS between the servers: its key, PEM')

const user: Setting<string | undefined> = {
  name: 'quorum-user',
  value: '<name>',
  text: 'SASL DIGEST-MD5 between the servers of the ensemble: the name',
  parse: anyText,
}

const password: Setting<string | undefined> = {
  name: 'quorum-password',
  value: '<text>',
  text: 'SASL DIGEST-MD5 between the servers: its password',
  parse: anyText,
  secret: true,
}

const bounds: readonly Setting<number>[] = [
  keeperBound('source-lag-timeout', 'sourceLagMsMax', {
    value: '<ms>',
    text: 'disconnect clients when the tree was behind the ensemble for so long',
  }),
  keeperBound('forward-timeout', 'forwardMsMax', {
    value: '<ms>',
    text: 'disconnect a client whose request the leader of the ensemble has not answered for so long',
  }),
  keeperBound('hold-timeout', 'holdMsMax', {
    value: '<ms>',
    text: 'disconnect a client whose request waited for a take-over for so long',
  }),
]

/** How a proxy reaches the ensemble, whose addresses are in the store. */
export function ensembleAccess(get: Get): EnsembleAccess {
  const [caFile, certFile, keyFile] = [get(ca), get(cert), get(key)]
  const [name, secret] = [get(user), get(password)]
  const hasTls = caFile !== undefined || certFile !== undefined
  return {
    ...(hasTls && {
      tls: {
        ...(caFile !== undefined && { ca: readFileSync(caFile) }),
        ...(certFile !== undefined && { cert: readFileSync(certFile) }),
        ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
      },
    }),
    ...(name !== undefined && secret !== undefined && { sasl: { user: name, password: secret } }),
  }
}

function unreadable(name: string, path: string | undefined): readonly string[] {
  if (path === undefined) return []
  try {
    readFileSync(path)
    return []
  } catch (error) {
    return [`--${name} cannot be read: ${reasonOf(error)}`]
  }
}

export const migration: Group = {
  title: 'Migration from ZooKeeper',
  settings: [serveWhileFollowing, ...bounds, ca, cert, key, user, password],
  check: (get) => {
    const found = [ca, cert, key].flatMap((setting) => unreadable(setting.name, get(setting)))
    if ((get(cert) === undefined) !== (get(key) === undefined)) {
      found.push('--quorum-cert and --quorum-key go together: give both or none')
    }
    if ((get(user) === undefined) !== (get(password) === undefined)) {
      found.push('--quorum-user and --quorum-password go together: give both or none')
    }
    return found
  },
}
