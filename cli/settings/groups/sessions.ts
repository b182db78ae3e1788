/** Settings: how long sessions last, and how soon a member that is gone is noticed. */
import { LEASE_TTL_MS_MAX, LEASE_TTL_MS_MIN } from '../../../lib/internal.ts'
import { keeperBound } from '../make.ts'
import { parsePositive, unlessMinusOne, whole } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

const tickTime: Setting<number> = {
  name: 'tick-time',
  value: '<ms>',
  text: 'base the limits of session timeouts on this',
  parse: parsePositive,
  default: 3_000,
  zookeeper: ['tickTime'],
  keeper: (tickTimeMs) => ({ tickTimeMs }),
}

const minSessionTimeout: Setting<number> = {
  name: 'min-session-timeout',
  value: '<ms>',
  text: 'grant no shorter session timeout',
  parse: parsePositive,
  derive: (get) => 2 * get(tickTime),
  defaultText: '2 × tick-time',
  zookeeper: ['minSessionTimeout'],
  fromZookeeper: unlessMinusOne,
  keeper: (sessionTimeoutMsMin) => ({ sessionTimeoutMsMin }),
}

const maxSessionTimeout: Setting<number> = {
  name: 'max-session-timeout',
  value: '<ms>',
  text: 'grant no longer session timeout',
  parse: parsePositive,
  derive: (get) => 20 * get(tickTime),
  defaultText: '20 × tick-time',
  zookeeper: ['maxSessionTimeout'],
  fromZookeeper: unlessMinusOne,
  keeper: (sessionTimeoutMsMax) => ({ sessionTimeoutMsMax }),
}

export const proxyTtl: Setting<number> = {
  name: 'proxy-ttl',
  value: '<ms>',
  text: 'time after which the others count this proxy as dead when its heartbeats stop',
  parse: whole(LEASE_TTL_MS_MIN, LEASE_TTL_MS_MAX),
  derive: (get) => Math.min(6_000, Math.max(2_000, get(minSessionTimeout))),
  defaultText: 'min-session-timeout, from 2000 to 6000',
  keeper: (proxyTtlMs) => ({ proxyTtlMs }),
}

const storeSilence: Setting<number> = {
  name: 'store-silence-timeout',
  value: '<ms>',
  text: 'disconnect clients when no heartbeat was confirmed by the store for so long',
  parse: whole(1),
  derive: (get) => Math.floor((get(proxyTtl) * 2) / 3),
  defaultText: '2/3 of proxy-ttl',
  keeper: (storeSilenceMsMax) => ({ storeSilenceMsMax }),
}

const freshness = keeperBound('freshness-timeout', 'freshnessMsMax', {
  value: '<ms>',
  text: 'disconnect clients when the state that is served was not proved fresh for so long',
})

const freshnessCheck = keeperBound('freshness-check', 'freshnessCheckMs', {
  value: '<ms>',
  text: 'look this often whether it is fresh while no commit proves it',
})

const others: readonly Setting<number>[] = [
  keeperBound('feed-silence-timeout', 'feedSilenceMsMax', {
    value: '<ms>',
    text: 'open the watch on the journal again when it was silent for so long',
  }),
  keeperBound('commit-silence-timeout', 'commitSilenceMsMax', {
    value: '<ms>',
    text: 'disconnect clients when the outcome of a commit stays unknown for so long',
  }),
  keeperBound('doubt-timeout', 'doubtMsMax', {
    value: '<ms>',
    text: 'after a pause of this process, disconnect clients unless the store was seen again',
  }),
]

export const sessions: Group = {
  title: 'Sessions',
  settings: [
    tickTime,
    minSessionTimeout,
    maxSessionTimeout,
    proxyTtl,
    storeSilence,
    freshness,
    freshnessCheck,
    ...others,
  ],
  check: (get) => {
    const [min, max] = [get(minSessionTimeout), get(maxSessionTimeout)]
    const found: string[] = []
    if (min > max) {
      found.push(
        `--min-session-timeout ${min} is above --max-session-timeout ${max}: ` +
          'lower the one or raise the other',
      )
    }
    const [ttl, silence] = [get(proxyTtl), get(storeSilence)]
    if (silence >= ttl) {
      found.push(
        `--store-silence-timeout ${silence} is not below --proxy-ttl ${ttl}: others would take over ` +
          'sessions that this proxy still serves; lower the one or raise the other',
      )
    }
    const [often, oldest] = [get(freshnessCheck), get(freshness)]
    if (often >= oldest) {
      found.push(
        `--freshness-check ${often} is not below --freshness-timeout ${oldest}: ` +
          'clients would be disconnected between two checks; lower the one or raise the other',
      )
    }
    return found
  },
}
