/** Names that have a text in them, below a znode: page by page, and each page in as many requests as it takes. */
import { get } from './api.js'
import { FIRST_PAGE, pageBefore, pageBehind } from './pages.js'
import { count } from './text.js'
import { Component, html, named, Pager, Trouble, treeLink } from './view.js'

/** Paths of a page. */
const FOUND_PAGE = 100

/** @param {{ path: string, name: string }} wanted */
export const searchLink = (wanted) => `#/search?${new URLSearchParams(wanted)}`

/**
 * @typedef {{ path: string, name: string, generation: number }} Props `name` empty: nothing is searched for yet
 * @typedef {object} State
 * @property {import('./pages.js').Place} place
 * @property {readonly string[]} found
 * @property {number} looked names that were looked at for this page
 * @property {string | undefined} next where it goes on; undefined: all is looked at, or nothing yet
 * @property {boolean} isBusy
 * @property {string | undefined} error
 *
 * @extends {Component<Props, State>}
 */
export class SearchView extends Component {
  /** @type {State} */
  state = {
    ...{ place: FIRST_PAGE, found: [], looked: 0, next: undefined },
    ...{ isBusy: false, error: undefined },
  }
  #stop = new AbortController()

  componentDidMount() {
    void this.#begin(FIRST_PAGE)
  }

  componentWillUnmount() {
    this.#stop.abort()
  }

  /** @param {Props} before */
  componentDidUpdate(before) {
    const { path, name, generation } = this.props
    if (before.path !== path || before.name !== name) void this.#begin(FIRST_PAGE)
    else if (before.generation !== generation) void this.#begin(this.state.place)
  }

  /** @param {import('./pages.js').Place} place */
  #begin(place) {
    this.setState({ place, found: [], looked: 0, next: undefined })
    return this.#search([], 0, place.cursor)
  }

  /** Until a page is full, or all is looked at. @param {readonly string[]} found @param {number} looked @param {string | undefined} cursor */
  async #search(found, looked, cursor) {
    const { path, name } = this.props
    this.#stop.abort()
    if (name === '') return this.setState({ isBusy: false, error: undefined })
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.setState({ isBusy: true, error: undefined })
    try {
      for (let next = cursor, isFirst = true; isFirst || next !== undefined; isFirst = false) {
        const wanted = { path, name, limit: FOUND_PAGE - found.length, cursor: next }
        const answer = await get('search', wanted, signal)
        found = [...found, ...answer.found]
        looked += answer.looked
        next = answer.cursor
        this.setState({ found, looked, next })
        if (found.length >= FOUND_PAGE) break
      }
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({ error: error.message })
    }
    if (this.#stop.signal === signal) this.setState({ isBusy: false })
  }

  /** Stops, goes on where it was stopped, or begins this page again. */
  #press() {
    const { isBusy, found, looked, next, place } = this.state
    if (isBusy) this.#stop.abort()
    else if (this.#isCut) void this.#search(found, looked, next)
    else void this.#begin(place)
  }

  get #isCut() {
    const { found, next } = this.state
    return next !== undefined && found.length < FOUND_PAGE
  }

  render() {
    const { path, name } = this.props
    return html`<section class="pane" aria-label="Search">
      <h2>Search</h2>
      <form class="filter" onSubmit=${submit}>
        <label>Below <input name="path" key=${path} defaultValue=${path} autocomplete="off" spellcheck=${false} /></label>
        <label>Name has <input name="name" key=${name} defaultValue=${name} required autocomplete="off" spellcheck=${false} /></label>
        <button>Search</button>
      </form>
      ${name === '' ? html`<p class="quiet">A part of a name: small and capital letters are the same, and all else is what it is.</p>` : this.#found()}
    </section>`
  }

  #found() {
    const { place, found, looked, next, isBusy, error } = this.state
    const isFull = found.length >= FOUND_PAGE
    const more = isBusy ? ' so far' : isFull && next !== undefined ? ', and there may be more' : ''
    return html`<p class="quiet" role="status">${count(found.length)} found${more}; ${count(looked)} names looked at${isBusy ? ' …' : '.'}</p>
      <${Trouble} error=${error} />
      <ul class="paths">
        ${found.map((path) => html`<li key=${path}><a href=${treeLink(path)}>${named(path)}</a></li>`)}
      </ul>
      <div class="pager-row">
        <button type="button" onClick=${() => this.#press()}>${isBusy ? 'Stop' : this.#isCut ? 'Search on' : 'Search again'}</button>
        <${Pager} hasBefore=${place.before.length > 0} hasMore=${isFull && next !== undefined}
          onFirst=${() => void this.#begin(FIRST_PAGE)}
          onBefore=${() => void this.#begin(pageBefore(place))}
          onMore=${() => next !== undefined && void this.#begin(pageBehind(place, next))} />
      </div>`
  }
}

/** @param {SubmitEvent} event */
function submit(event) {
  event.preventDefault()
  const { elements } = /** @type {HTMLFormElement} */ (event.target)
  const value = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement} */ (elements.namedItem(name)).value
  location.hash = searchLink({ path: value('path').trim() || '/', name: value('name') })
}
