/**
 * Does the ensemble that the tree comes from still answer? Whoever takes over asks before, and a member from time to time
 * afterwards: the old servers may stand where the new ones do, so what answers must say who it is.
 * Neighbours: take-over, source-guard, serve/hand-over.
 */
import { connect } from 'node:net'
import { type Clock, systemClock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import type { SourceRecord } from '../format/source.ts'
import { hostPortOf } from './host-port.ts'

/** How long one address may take. Unit: ms. */
const TIMEOUT_MS = 2_000
/** Of an answer, characters. */
const ANSWER_MAX = 4_096
/** In the version of a proxy of ours: see proxy/version. */
const OURS = /^Zookeeper version: .*-anykeeper/
/** The machine is there, and nothing listens at this port of it. */
const REFUSED = 'ECONNREFUSED'

/**
 * What there is at an address. nothing: its machine refuses connections. unreached: nobody says whether there is a server, which
 * may serve clients elsewhere. serves: a ZooKeeper that serves clients. open: something accepts connections.
 */
export type Found = 'nothing' | 'unreached' | 'ours' | 'open' | 'serves'

export interface Probed {
  readonly what: Found
  /** To the word; empty: none. */
  readonly answer: string
  /** Why it was not reached; empty: it was. */
  readonly why: string
}

/** Asks `srvr` of a client address, `host:port`. Never throws. */
export function probeClientPort(address: string, clock: Clock = systemClock): Promise<Probed> {
  return probe(address, clock, 'srvr')
}

/** Asks another word. Never throws. */
export function queryClientPort(address: string, word: string, clock: Clock): Promise<Probed> {
  return probe(address, clock, word)
}

/** Connects to a quorum address, and says nothing. Never throws. */
export function probeQuorumPort(address: string, clock: Clock = systemClock): Promise<Probed> {
  return probe(address, clock, undefined)
}

function judged(answer: string): Found {
  if (OURS.test(answer)) return 'ours'
  return answer.includes('\nMode: ') ? 'serves' : 'open'
}

function probe(address: string, clock: Clock, word: string | undefined): Promise<Probed> {
  return new Promise((resolve) => {
    let answer = ''
    let isOpen = false
    let [code, why] = ['', '']
    const socket = connect(hostPortOf(address))
    const cancel = deadline(clock, TIMEOUT_MS, () => {
      why = `no answer within ${TIMEOUT_MS} ms`
      socket.destroy()
    })
    socket.setEncoding('latin1')
    socket.once('connect', () => {
      isOpen = true
      if (word === undefined) socket.destroy()
      else socket.write(word)
    })
    socket.on('data', (text: string) => {
      answer += text
      if (answer.length > ANSWER_MAX) socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? ''
      why = error.message
    })
    socket.once('close', () => {
      cancel()
      if (isOpen) resolve({ what: judged(answer), answer, why: '' })
      else if (code === REFUSED) resolve({ what: 'nothing', answer, why: '' })
      else resolve({ what: 'unreached', answer, why })
    })
  })
}

/** All addresses that are known of an ensemble: those that were given, and those that its members said. Each once. */
export function knownAddresses({ servers, quorum, members }: SourceRecord): {
  readonly clients: readonly string[]
  readonly quorum: readonly string[]
} {
  return {
    clients: [...new Set([...servers, ...(members?.clients ?? [])])],
    quorum: [...new Set([...quorum, ...(members?.quorum ?? [])])],
  }
}

/** What {@link answering} found. */
export interface Answers {
  /** They answer, and are not ours. */
  readonly answering: readonly string[]
  /** One sentence each, of those that could not be queried. */
  readonly unasked: readonly string[]
}

/** Which addresses of an ensemble answer. */
export async function answering(
  record: SourceRecord,
  clock: Clock = systemClock,
): Promise<Answers> {
  const { clients, quorum } = knownAddresses(record)
  const found = await Promise.all([
    ...clients.map(async (at) => [at, await probeClientPort(at, clock)] as const),
    ...quorum.map(async (at) => [at, await probeQuorumPort(at, clock)] as const),
  ])
  return {
    answering: found.flatMap(([at, { what }]) =>
      what === 'open' || what === 'serves' ? [at] : [],
    ),
    unasked: found.flatMap(([at, probed]) => unaskedSentence(at, probed)),
  }
}

/** None, where it was reached. */
export function unaskedSentence(address: string, { what, why }: Probed): string[] {
  if (what !== 'unreached') return []
  return [
    `${address} could not be queried whether it serves clients (${why}): make sure that it does not`,
  ]
}
