/** Settings: serving clients while the tree follows a ZooKeeper ensemble. */
import {
  type EnsembleAccess,
  GUARD_BOUNDS,
  reasonOf,
  SOURCE_BOUNDS,
  type SourceBounds,
} from '../../../lib/internal.ts'
import { clientTlsOf } from '../../client-tls.ts'
import { keeperBound, switchOf } from '../make.ts'
import { anyText, whole } from '../parse.ts'
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
    text: 'disconnect a client whose request waited for a take-over for so long; three times so long requests wait for whoever takes over',
  }),
  keeperBound('source-report-timeout', 'reportMsMax', {
    value: '<ms>',
    text: 'take what the store has after so long, although the leader of the ensemble has not reported it to this proxy',
  }),
]

const bound = (
  byDefault: number,
  row: Pick<Setting<number>, 'name' | 'value' | 'text'>,
  min = 1,
): Setting<number> => ({ ...row, default: byDefault, parse: whole(min) })

const connectMs = bound(SOURCE_BOUNDS.connectMs, {
  ...{ name: 'source-connect-timeout', value: '<ms>' },
  text: 'time for a connection to a server of the ensemble, with TLS, and for a four-letter word; twice that for a session that reads its members',
})
const handshakeMs = bound(SOURCE_BOUNDS.handshakeMs, {
  ...{ name: 'source-handshake-timeout', value: '<ms>' },
  text: 'time for the leader of the ensemble to accept this proxy as an observer',
})
const syncMs = bound(SOURCE_BOUNDS.syncMs, {
  ...{ name: 'source-sync-timeout', value: '<ms>' },
  text: 'time for it to bring this proxy up to date',
})
const silenceMs = bound(
  SOURCE_BOUNDS.silenceMs,
  {
    ...{ name: 'source-silence-timeout', value: '<ms>' },
    text: 'leave a leader that has sent nothing for so long; once the rate of its pings is known, for a quarter of it at least',
  },
  4,
)
const packetBytesMax = bound(
  SOURCE_BOUNDS.packetBytesMax,
  {
    ...{ name: 'max-source-packet-bytes', value: '<n>' },
    text: 'longest packet of the leader, answer to a four-letter word, and bytes proposed and not committed while it is joined',
  },
  4_096,
)
/** How the servers of an ensemble are looked at. */
export const sourceLook = {
  intervalMs: bound(GUARD_BOUNDS.intervalMs, {
    ...{ name: 'source-look-interval', value: '<ms>' },
    text: 'time between two looks, after a take-over, whether a server of the ensemble serves clients',
  }),
  lookMs: bound(GUARD_BOUNDS.lookMs, {
    ...{ name: 'source-look-timeout', value: '<ms>' },
    text: 'time for a server of the ensemble to answer then, and, before it, how long a request may be',
  }),
} as const

const access: readonly Setting<number>[] = [
  ...[connectMs, handshakeMs, syncMs, silenceMs, packetBytesMax],
  ...Object.values(sourceLook),
]

/** Five settings for all of them: the others are in proportion, as their defaults are. */
function boundsOf(get: Get): Partial<SourceBounds> {
  const [connect, silence, bytes] = [get(connectMs), get(silenceMs), get(packetBytesMax)]
  return {
    ...{ connectMs: connect, configMs: 2 * connect },
    ...{ handshakeMs: get(handshakeMs), syncMs: get(syncMs) },
    ...{ silenceMs: silence, silenceMsMin: Math.floor(silence / 4) },
    ...{ packetBytesMax: bytes, proposedBytesMax: bytes, answerBytesMax: bytes },
  }
}

/** How a proxy reaches the ensemble, whose addresses are in the store. */
export function ensembleAccess(get: Get): EnsembleAccess {
  const [caFile, certFile, keyFile] = [get(ca), get(cert), get(key)]
  const [name, secret] = [get(user), get(password)]
  const hasTls = caFile !== undefined || certFile !== undefined
  return {
    ...{ bounds: boundsOf(get), lookMs: get(sourceLook.lookMs) },
    ...(hasTls && { tls: clientTlsOf('quorum-', { ca: caFile, cert: certFile, key: keyFile }) }),
    ...(name !== undefined && secret !== undefined && { sasl: { user: name, password: secret } }),
  }
}

function unusable(get: Get): readonly string[] {
  try {
    clientTlsOf('quorum-', { ca: get(ca), cert: get(cert), key: get(key) })
    return []
  } catch (error) {
    return [reasonOf(error)]
  }
}

export const migration: Group = {
  title: 'Migration from ZooKeeper',
  settings: [serveWhileFollowing, ...bounds, ...access, ca, cert, key, user, password],
  check: (get) => {
    const found = [...unusable(get)]
    if ((get(user) === undefined) !== (get(password) === undefined)) {
      found.push('--quorum-user and --quorum-password go together: give both or none')
    }
    return found
  },
}
