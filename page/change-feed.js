/**
 * Follows the change feed from now on, or from where it was. What is kept is bounded: of many changes the newest, of a large one its
 * beginning; how many were left out is counted.
 */
import { lines } from './api.js'

/** Changes that are kept. */
export const KEPT_MAX = 500
/** Operations of one change that are kept. */
const OPS_MAX = 20
/** A longer change is counted, and not looked at: one may delete a hundred thousand ephemerals. */
const LINE_CHARS_MAX = 2_000_000
const AGAIN_MS = 2_000
/** What came is shown so often at most, ms. */
const SHOW_MS = 250

/**
 * @typedef {{ op: string, path?: string, dataLength?: number, version?: number, id?: string }} Op
 * @typedef {{ key: number, missed?: string, zxid?: number, time?: number, session?: string,
 *   ops: readonly Op[], opCount: number }} Change `missed`: it is none, but says that some are not here
 */

export class ChangeFeed {
  /** Newest first. @type {readonly Change[]} */
  kept = []
  seen = 0
  /** @type {string | undefined} */
  trouble = undefined
  #stop = new AbortController()
  #position = 'now'
  #isDue = false
  #hasMissed = false
  #key = 0
  /** Oldest first: what came since it was shown last. @type {Change[]} */
  #fresh = []
  #onChange
  #query

  /** @param {{ prefix: string, withSessions: boolean }} wanted @param {() => void} onChange */
  constructor(wanted, onChange) {
    this.#query = { ...wanted, withoutData: true }
    this.#onChange = onChange
  }

  /** Until {@link stop}; it is opened again when it ends. */
  async start() {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const query = { ...this.#query, from: this.#position }
      try {
        await lines('changes', query, signal, (line) => this.#line(line), LINE_CHARS_MAX)
        this.#say('The feed ended; it is opened again.')
      } catch (error) {
        if (signal.aborted) return
        if (error.status === 410 || error.status === 400) this.#miss()
        this.#say(error.message)
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  stop() {
    this.#stop.abort()
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.trouble = sentence
    this.#onChange()
  }

  /** @param {string} line */
  #line(line) {
    const record = line === '' ? { kind: 'change', ops: [], opCount: Number.NaN } : JSON.parse(line)
    if (record.kind === 'error') {
      if (record.code !== undefined) this.#miss()
      return this.#say(record.error)
    }
    if (record.position !== undefined) this.#position = record.position
    if (this.#hasMissed) {
      this.#hasMissed = false
      const missed = 'Changes were missed here: what came meanwhile is not kept any more.'
      this.#add({ key: this.#key++, missed, ops: [], opCount: 0 })
    }
    if (this.trouble !== undefined) this.#say(/** @type {any} */ (undefined))
    if (record.kind !== 'change') return
    this.seen++
    const { zxid, time, session, ops } = record
    const opCount = record.opCount ?? ops.length
    this.#add({ key: this.#key++, zxid, time, session, ops: ops.slice(0, OPS_MAX), opCount })
  }

  /** The server cannot resume where this feed was: it begins again from now on, and the list says so where that is. */
  #miss() {
    this.#position = 'now'
    this.#hasMissed = true
  }

  /** @param {Change} change */
  #add(change) {
    this.#fresh.push(change)
    if (this.#fresh.length > KEPT_MAX) this.#fresh.splice(0, this.#fresh.length - KEPT_MAX)
    if (this.#isDue) return
    this.#isDue = true
    setTimeout(() => this.#show(), SHOW_MS)
  }

  #show() {
    this.#isDue = false
    if (this.#stop.signal.aborted) return
    this.kept = [...this.#fresh.reverse(), ...this.kept].slice(0, KEPT_MAX)
    this.#fresh = []
    this.#onChange()
  }
}
