/**
 * Does the ensemble that the tree comes from still answer? Whoever takes over asks before, and a member from time to time
 * afterwards: the old servers may stand where the new ones do, so what answers must say who it is.
 * Neighbours: take-over, source-guard.
 */
import { connect } from 'node:net'
import { type Clock, systemClock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'

/** How long one address may take. Unit: ms. */
const TIMEOUT_MS = 2_000
/** Of an answer, characters. */
const ANSWER_MAX = 4_096
/** In the version of a proxy of ours: see proxy/version. */
const OURS = /^Zookeeper version: .*-anykeeper/

/** What there is at an address. serves: a ZooKeeper that serves clients. open: something accepts connections. */
export type Found = 'nothing' | 'ours' | 'open' | 'serves'

/** Asks `srvr` of a client address, `host:port`. Never throws. */
export function probeClientPort(address: string, clock: Clock = systemClock): Promise<Found> {
  return probe(address, clock, 'srvr', (answer) => {
    if (OURS.test(answer)) return 'ours'
    return answer.includes('\nMode: ') ? 'serves' : 'open'
  })
}

/** Connects to a quorum address, and says nothing. Never throws. */
export function probeQuorumPort(address: string, clock: Clock = systemClock): Promise<Found> {
  return probe(address, clock, undefined, () => 'open')
}

function probe(
  address: string,
  clock: Clock,
  word: string | undefined,
  judge: (answer: string) => Found,
): Promise<Found> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(address.slice(colon + 1))
  return new Promise((resolve) => {
    let answer = ''
    let isOpen = false
    const socket = connect({ host, port })
    const cancel = deadline(clock, TIMEOUT_MS, () => socket.destroy())
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
    socket.on('error', () => {})
    socket.once('close', () => {
      cancel()
      resolve(isOpen ? judge(answer) : 'nothing')
    })
  })
}

/** Which of these addresses answer, and are not ours. */
export async function answering(
  { servers, quorum }: { readonly servers: readonly string[]; readonly quorum: readonly string[] },
  clock: Clock = systemClock,
): Promise<readonly string[]> {
  const found = await Promise.all([
    ...servers.map(async (at) => [at, await probeClientPort(at, clock)] as const),
    ...quorum.map(async (at) => [at, await probeQuorumPort(at, clock)] as const),
  ])
  return found.flatMap(([at, what]) => (what === 'open' || what === 'serves' ? [at] : []))
}
