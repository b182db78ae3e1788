/** Settings: where clients connect, and what one of them may take. */
import { hostname } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { FOUR_LETTER_WORDS, PROXY_DEFAULT, WORDS_OFF } from '../../../proxy/index.ts'
import { proxyBound } from '../make.ts'
import {
  fromJavaNumber,
  type HostPort,
  parseListen,
  parsePositive,
  shownAddress,
  unlessMinusOne,
} from '../parse.ts'
import type { Group, Parts, Setting } from '../setting.ts'

/** ZooKeeper listens on all addresses unless clientPortAddress names one. */
function joinAddress(parts: Parts): string | undefined {
  const port = parts.get('clientPort')
  const address = parts.get('clientPortAddress') ?? '0.0.0.0'
  if (port === undefined) {
    throw new InvalidArgumentError('expected clientPort, too: clientPortAddress alone has no port.')
  }
  return address.includes(':') && !address.startsWith('[')
    ? `[${address}]:${port}`
    : `${address}:${port}`
}

export const listen: Setting<HostPort> = {
  name: 'listen',
  value: '<host:port>',
  text: 'accept clients on this address',
  parse: parseListen,
  default: { host: '127.0.0.1', port: 2181 },
  defaultText: '127.0.0.1:2181',
  zookeeper: ['clientPort', 'clientPortAddress'],
  joinZookeeper: joinAddress,
  proxy: ({ host, port }) => ({ host, port }),
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0'])

function parseAdvertised(text: string): HostPort {
  const address = parseListen(text)
  if (address.port > 0 && !WILDCARDS.has(address.host)) return address
  throw new InvalidArgumentError(
    'expected HOST:PORT at which others reach this server, e.g. zk1.example.com:2181.',
  )
}

export const advertise: Setting<HostPort> = {
  name: 'advertise',
  value: '<host:port>',
  text: 'show this address of this server to others: in the store’s list of proxies',
  parse: parseAdvertised,
  derive: (get) => {
    const { host, port } = get(listen)
    return { host: WILDCARDS.has(host) ? hostname() : host, port }
  },
  defaultText: 'that of listen; the name of the machine instead of 0.0.0.0 and ::',
  format: ({ host, port }) => shownAddress(host, port),
}

export const maxFrameBytes: Setting<number> = {
  name: 'max-frame-bytes',
  value: '<n>',
  text: 'accept requests up to this many bytes',
  parse: parsePositive,
  default: PROXY_DEFAULT.frameBytesMax,
  zookeeper: ['jute.maxbuffer'],
  fromZookeeper: fromJavaNumber,
  proxy: (frameBytesMax) => ({ frameBytesMax }),
}

function parseWords(text: string): readonly string[] {
  const words = text === '' ? [] : text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => word !== '*' && !FOUR_LETTER_WORDS.has(word))
  if (unknown !== undefined) {
    const known = [...FOUR_LETTER_WORDS].join(', ')
    throw new InvalidArgumentError(`unknown word "${unknown}". Known words: ${known}; * for all.`)
  }
  return words
}

/** Words of ZooKeeper that change or show what is not here: its trace mask. */
const WORDS_ELSEWHERE: ReadonlySet<string> = new Set(['gtmk', 'stmk', 'hash', 'lgif'])

const fourLetterWords: Setting<readonly string[]> = {
  name: 'four-letter-words',
  value: '<list>',
  text: 'answer these words, comma-separated; * for all, nothing for none',
  parse: parseWords,
  default: PROXY_DEFAULT.fourLetterWords,
  defaultText: `all but ${WORDS_OFF.join(', ')}`,
  zookeeper: ['4lw.commands.whitelist'],
  fromZookeeper: (text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '' && !WORDS_ELSEWHERE.has(word))
      .join(','),
  reload: true,
  proxy: (words) => ({ fourLetterWords: words }),
}

/** 0 is ZooKeeper's "no limit". */
const unlimited = (text: string): string =>
  text === '0' ? String(Number.MAX_SAFE_INTEGER) : fromJavaNumber(text)

const bounds: readonly Setting<number>[] = [
  proxyBound(
    'max-connections',
    'connectionsMax',
    { value: '<n>', text: 'open connections' },
    { zookeeper: ['maxCnxns'], fromZookeeper: unlimited, reload: true },
  ),
  proxyBound(
    'max-connections-per-address',
    'connectionsPerAddressMax',
    { value: '<n>', text: 'open connections of one address, 0: no limit', min: 0 },
    { zookeeper: ['maxClientCnxns'], reload: true },
  ),
  proxyBound(
    'greeting-timeout',
    'greetingTimeoutMs',
    { value: '<ms>', text: 'time for a connection to send its ConnectRequest' },
    { zookeeper: ['nio.sessionlessCnxnTimeout'], reload: true },
  ),
  proxyBound('max-waiting-listings', 'listingsWaitingMax', {
    value: '<n>',
    text: 'long answers, to four-letter words and over HTTP, that wait for the one that is being sent',
  }),
  proxyBound('listing-timeout', 'listingUnreadMs', {
    value: '<ms>',
    text: 'time in which the reader of a long answer must take some of it',
  }),
  proxyBound(
    'max-outstanding',
    'outstandingMax',
    { value: '<n>', text: 'requests in flight of one connection: more wait' },
    { zookeeper: ['globalOutstandingLimit'] },
  ),
  proxyBound('max-outstanding-bytes', 'outstandingBytesMax', {
    value: '<n>',
    text: 'bytes of requests in flight of one connection: more wait',
  }),
  proxyBound(
    'max-request-queue-bytes',
    'requestBytesMax',
    { value: '<n>', text: 'bytes of requests in flight of all connections: more wait' },
    { zookeeper: ['largeRequestMaxBytes'], fromZookeeper: unlessMinusOne },
  ),
  proxyBound(
    'max-unread-bytes',
    'outputBytesMax',
    { value: '<n>', text: 'unread output at which a client is disconnected', min: 65_536 },
    { reload: true },
  ),
  proxyBound('max-response-queue-bytes', 'replyBytesMax', {
    value: '<n>',
    text: 'unread output of all clients at which those with the most are disconnected',
    min: 65_536,
  }),
  proxyBound(
    'max-identities',
    'identitiesMax',
    { value: '<n>', text: 'identities that one connection may prove' },
    { reload: true },
  ),
  proxyBound('client-slice', 'sliceMs', {
    value: '<ms>',
    text: 'time for which one client is served before others have their turn',
  }),
  proxyBound('event-loop-turn', 'turnMs', {
    value: '<ms>',
    text: 'time for which clients with long queues are served before the event loop does other work',
  }),
]

export const clients: Group = {
  title: 'Clients',
  settings: [listen, advertise, maxFrameBytes, fourLetterWords, ...bounds],
}
