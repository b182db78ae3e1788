/** The part of the tree that is open, as rows. Of each znode's children one page is kept, so a wide tree costs no more than a small one. */
import { getZnode } from './api.js'
import { FIRST_PAGE, pageBefore, pageBehind, pageFrom } from './pages.js'

/** Children of one znode that are shown together. */
export const PAGE = 100

/**
 * @typedef {object} Child
 * @property {string} name
 * @property {number} [childCount] absent: it is gone by now, or cannot be read
 * @property {number} [dataLength]
 * @property {string} [kind]
 * @property {string} [ephemeralOwner]
 * @property {boolean} [unreadable]
 *
 * @typedef {object} Open
 * @property {import('./pages.js').Place} place
 * @property {readonly Child[]} children
 * @property {number} childCount
 * @property {string | undefined} next
 * @property {string | undefined} error
 * @property {number} turn grows with each request: only the newest answer counts
 *
 * @typedef {{ key: string, path: string, depth: number, type: 'znode' | 'before' | 'next' | 'error',
 *   child?: Child, isOpen?: boolean, text?: string }} Row
 */

/** @param {string} parent @param {string} name */
export const pathBelow = (parent, name) => (parent === '/' ? `/${name}` : `${parent}/${name}`)

/** @param {string} path */
export const parentOf = (path) => path.slice(0, path.lastIndexOf('/')) || '/'

/** @param {string} path */
export const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1)

export class TreeModel {
  /** @type {Map<string, Open>} */
  #open = new Map()
  #onChange

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange
  }

  /** @param {string} path */
  isOpen(path) {
    return this.#open.has(path)
  }

  /** @param {string} path */
  async open(path) {
    if (!this.isOpen(path)) await this.#load(path, FIRST_PAGE)
  }

  /** Those below it are closed, too. @param {string} path */
  close(path) {
    const below = path === '/' ? '/' : `${path}/`
    for (const other of this.#open.keys()) {
      if (other === path || other.startsWith(below)) this.#open.delete(other)
    }
    this.#onChange()
  }

  /** @param {string} path */
  async next(path) {
    const open = this.#open.get(path)
    if (open?.next !== undefined) await this.#load(path, pageBehind(open.place, open.next))
  }

  /** @param {string} path */
  async before(path) {
    const open = this.#open.get(path)
    if (open !== undefined) await this.#load(path, pageBefore(open.place))
  }

  /** Shows the children of `path` from a name on. @param {string} path @param {string} name */
  async from(path, name) {
    await this.#load(path, pageFrom(name))
  }

  /** Opens what is above it, at the pages where its ancestors are. @param {string} path */
  async reveal(path) {
    if (path === '/') return this.open('/')
    const names = path.slice(1).split('/')
    let parent = '/'
    for (const name of names) {
      await this.open(parent)
      const open = this.#open.get(parent)
      const isShown = open?.children.some((child) => child.name === name)
      if (isShown === false) await this.from(parent, name)
      if (this.#open.get(parent)?.children[0] === undefined) return
      parent = pathBelow(parent, name)
    }
  }

  /** It has a row. @param {string} path */
  has(path) {
    return this.rows().some(({ key }) => key === path)
  }

  /** All that is open, again. */
  async reload() {
    await Promise.all([...this.#open].map(([path, { place }]) => this.#load(path, place)))
  }

  /** @returns {Row[]} */
  rows() {
    /** @type {Row[]} */
    const rows = [{ key: '/', path: '/', depth: 0, type: 'znode', isOpen: this.isOpen('/') }]
    this.#addBelow('/', 1, rows)
    return rows
  }

  /** @param {string} path @param {number} depth @param {Row[]} rows */
  #addBelow(path, depth, rows) {
    const open = this.#open.get(path)
    if (open === undefined) return
    const { place, children, childCount, next, error } = open
    const row = { path, depth }
    // No name has a "/" in it, so no key of these is the path of a znode.
    if (error !== undefined)
      rows.push({ ...row, key: `${path}//error`, type: 'error', text: error })
    if (place.before.length > 0) {
      rows.push({ ...row, key: `${path}//before`, type: 'before', text: `Previous ${PAGE}` })
    }
    for (const child of children) {
      const at = pathBelow(path, child.name)
      rows.push({ key: at, path: at, depth, type: 'znode', child, isOpen: this.isOpen(at) })
      this.#addBelow(at, depth + 1, rows)
    }
    if (next !== undefined) {
      const text = `Next ${PAGE} of ${childCount.toLocaleString('en')}`
      rows.push({ ...row, key: `${path}//next`, type: 'next', text })
    }
  }

  /** @param {string} path @param {import('./pages.js').Place} place */
  async #load(path, place) {
    const known = this.#open.get(path)
    const turn = (known?.turn ?? 0) + 1
    /** @type {Open} */
    const empty = { place, children: [], childCount: 0, next: undefined, error: undefined, turn }
    this.#open.set(path, { ...(known ?? empty), turn })
    /** @type {Open} */
    let result
    try {
      const query = { path, children: PAGE, details: true, cursor: place.cursor, bytes: 0 }
      const { children, childCount, cursor } = await getZnode(query)
      result = { ...empty, children, childCount, next: cursor }
    } catch (error) {
      result = { ...(known ?? empty), turn, error: error.message }
      // It is gone, so there is nothing to be shown of it.
      if (error.status === 404) result = { ...empty, error: error.message }
    }
    if (this.#open.get(path)?.turn !== turn) return
    this.#open.set(path, result)
    this.#onChange()
  }
}
