/** The page: which view is shown, whether the server answers, and the credentials. */
import { get, hasCredentials, signOut } from './api.js'
import { ChangesView } from './changes-view.js'
import { ChartsView } from './charts-view.js'
import { keepFocus } from './focus.js'
import { HealthView } from './health-view.js'
import { Sampler } from './metrics.js'
import { SearchView } from './search-view.js'
import { SessionsView } from './sessions-view.js'
import { SignIn } from './sign-in.js'
import { count, hex, timeText, visible } from './text.js'
import { TreeView } from './tree-view.js'
import { Component, html, render } from './view.js'
import { WatchesView } from './watches-view.js'

const LOOK_MS = 2_000
/** A server that does not say within this time how it is, is said not to answer, ms. */
const STATUS_MS_MAX = 4_000
const VIEWS = ['tree', 'search', 'sessions', 'watches', 'charts', 'changes', 'health']

/** Of the files that this page is made of. */
const VERSION = document.querySelector('meta[name="page"]')?.getAttribute('content')

/** @typedef {{ view: string, query: URLSearchParams }} Route */

/** @returns {Route} */
function routeOf() {
  const [view = '', query = ''] = location.hash.replace(/^#\//, '').split(/\?(.*)/s)
  return { view: VIEWS.includes(view) ? view : 'tree', query: new URLSearchParams(query) }
}

/**
 * @typedef {object} State
 * @property {Route} route
 * @property {any} status the newest one; undefined: none yet
 * @property {number | undefined} awaySinceMs
 * @property {string | undefined} trouble
 * @property {boolean} isSilent there is no answer at all
 * @property {boolean} isSignedIn
 * @property {number} generation grows when the server is back: what is shown is read again
 * @property {number} samples
 * @property {boolean} isOther a server that answered has another version of this page
 *
 * @extends {Component<{}, State>}
 */
class Page extends Component {
  /** @type {State} */
  state = {
    route: routeOf(),
    status: undefined,
    awaySinceMs: undefined,
    trouble: undefined,
    isSilent: false,
    isSignedIn: hasCredentials(),
    generation: 0,
    samples: 0,
    isOther: false,
  }
  /** Those that have answered, and whether they served: of several processes behind one port any one answers. @type {Map<string, boolean>} */
  #servers = new Map()
  #sampler = new Sampler(() => this.setState(({ samples }) => ({ samples: samples + 1 })))
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  componentDidMount() {
    addEventListener('hashchange', () => this.setState({ route: routeOf() }))
    if (this.state.isSignedIn) this.#begin()
  }

  #begin() {
    this.setState({ isSignedIn: true, trouble: undefined })
    this.#sampler.start()
    void this.#look()
  }

  /** @param {string | undefined} reason */
  #leave(reason) {
    signOut()
    clearTimeout(this.#timer)
    this.#sampler.stop()
    this.setState({ isSignedIn: false, status: undefined, awaySinceMs: undefined, trouble: reason })
  }

  async #look() {
    try {
      const status = await get('status', {}, undefined, STATUS_MS_MAX)
      const { awaySinceMs, generation } = this.state
      if (awaySinceMs !== undefined) this.#servers.clear()
      const wasServing = this.#servers.get(status.proxy)
      const isFirst = this.#servers.size === 0 && awaySinceMs === undefined
      // Another process, or one that was without its store: what is shown may be another tree.
      const isNew =
        !isFirst &&
        (wasServing ?? false) === false &&
        (wasServing === undefined || status.isServing)
      this.#servers.set(status.proxy, status.isServing)
      const isOther = this.state.isOther || status.page !== VERSION
      this.setState({ status, isOther, awaySinceMs: undefined, trouble: undefined })
      if (isNew) this.setState({ generation: generation + 1 })
    } catch (error) {
      if (!hasCredentials()) return
      if (error.status === 401 || error.status === 403) return this.#leave(error.message)
      const awaySinceMs = this.state.awaySinceMs ?? Date.now()
      this.setState({ awaySinceMs, trouble: error.message, isSilent: error.status === 0 })
    }
    clearTimeout(this.#timer)
    if (this.state.isSignedIn) this.#timer = setTimeout(() => void this.#look(), LOOK_MS)
  }

  render() {
    const { isSignedIn, trouble, status, awaySinceMs, route, isOther } = this.state
    if (!isSignedIn) return html`<${SignIn} error=${trouble} onDone=${() => this.#begin()} />`
    return html`<a class="skip" href="#content" onClick=${skip}>To the content</a>
      <header class="top">
        <h1>anykeeper</h1>
        <${Status} status=${status} isAway=${awaySinceMs !== undefined} />
        <button type="button" onClick=${() => this.#leave(undefined)}>Sign out</button>
        <nav aria-label="Views">${VIEWS.map(
          (view) =>
            html`<a key=${view} href=${`#/${view}`} aria-current=${view === route.view ? 'page' : undefined}>${view}</a>`,
        )}</nav>
      </header>
      <div role="alert" class="alerts">${this.#alert()}${isOther ? html`<${Other} />` : null}</div>
      <main id="content" tabindex="-1">${this.#view()}</main>
      <footer>Where text says <code>\\u{202e}</code> or the like, there is a character that cannot be seen. <a href="licences.txt">Licences of what this page uses</a></footer>`
  }

  /** Why what is shown may not be what there is. */
  #alert() {
    const { trouble, status, awaySinceMs, isSilent } = this.state
    if (awaySinceMs !== undefined) {
      const what = isSilent ? 'No answer' : 'Not served'
      return html`<p class="away">${trouble} ${what} since ${timeText(awaySinceMs)}; what is shown is older. It is tried again every two seconds.</p>`
    }
    if (status === undefined || status.isServing) return null
    const who =
      status.worker === undefined ? 'This server' : `Worker ${status.worker} of this server`
    return html`<p class="away">${who} serves nobody: ${visible(status.trouble ?? 'its store is away')}. What is shown is as of zxid ${hex(status.zxid)}, and may be older than what is stored.</p>`
  }

  #view() {
    const { route, generation, status, samples } = this.state
    const { view, query } = route
    const prefix = query.get('prefix') ?? '/'
    switch (view) {
      case 'search':
        return html`<${SearchView} path=${query.get('path') ?? '/'} name=${query.get('name') ?? ''} generation=${generation} />`
      case 'sessions':
        return html`<${SessionsView} id=${query.get('id') ?? undefined} generation=${generation} />`
      case 'watches':
        return html`<${WatchesView} prefix=${prefix} generation=${generation} />`
      case 'charts':
        return html`<${ChartsView} numbers=${this.#sampler.samples.numbers} sampler=${this.#sampler.samples} samples=${samples} />`
      case 'changes':
        return html`<${ChangesView} prefix=${prefix} />`
      case 'health':
        return html`<${HealthView} status=${status} numbers=${this.#sampler.samples.numbers} />`
      default:
        return html`<${TreeView} path=${query.get('path') ?? '/'} canEdit=${status?.canEdit === true} generation=${generation} />`
    }
  }
}

/** It stays once it is shown: behind one address old and new servers may take turns. */
const Other = () =>
  html`<p class="away">This page is of another version than the server, and may be wrong. <button type="button" onClick=${() => location.reload()}>Reload it</button> What was typed and is not saved is lost by that.</p>`

/** The place in the address is the view's. @param {Event} event */
function skip(event) {
  event.preventDefault()
  document.getElementById('content')?.focus()
}

/** @param {number} value @param {string} noun */
const amount = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

/** @param {{ status: any, isAway: boolean }} props */
const Status = ({ status, isAway }) => {
  if (status === undefined) return html`<p class="status">…</p>`
  const { isReady, mode, znodes, sessions, zxid } = status
  const state = isAway ? 'away' : isReady ? 'ready' : 'not ready'
  return html`<p class="status">
    <span class=${`dot ${isAway ? 'bad' : isReady ? 'good' : 'warn'}`}>${state}</span>
    <span>${mode}</span><span>${amount(znodes, 'znode')}</span><span>${amount(sessions, 'session')}</span><span>zxid ${hex(zxid)}</span>
  </p>`
}

const place = document.getElementById('page')
if (place !== null) {
  place.replaceChildren()
  keepFocus(place)
  render(html`<${Page} />`, place)
}
