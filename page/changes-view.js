/** The change feed as it comes, newest first. Paused, the list stands still, and what comes meanwhile is counted. */
import { ChangeFeed, KEPT_MAX } from './change-feed.js'
import { bytesText, count, hex, timeText } from './text.js'
import { Component, html, named, sessionLink, Trouble, treeLink } from './view.js'

/**
 * @typedef {{ prefix: string }} Props
 * @typedef {{ isPaused: boolean, withSessions: boolean, shown: readonly import('./change-feed.js').Change[] }} State
 * @extends {Component<Props, State>}
 */
export class ChangesView extends Component {
  /** @type {State} */
  state = { isPaused: false, withSessions: false, shown: [] }
  /** @type {ChangeFeed | undefined} */
  #feed

  componentDidMount() {
    this.#open(this.state.withSessions)
  }

  /** @param {Props} before */
  componentDidUpdate(before) {
    if (before.prefix !== this.props.prefix) this.#open(this.state.withSessions)
  }

  componentWillUnmount() {
    this.#feed?.stop()
  }

  /** @param {boolean} withSessions */
  #open(withSessions) {
    this.#feed?.stop()
    const feed = new ChangeFeed({ prefix: this.props.prefix, withSessions }, () => {
      if (this.#feed !== feed) return
      if (this.state.isPaused) this.forceUpdate()
      else this.setState({ shown: feed.kept })
    })
    this.#feed = feed
    this.setState({ withSessions, shown: [] })
    void feed.start()
  }

  #pause() {
    const isPaused = !this.state.isPaused
    this.setState({ isPaused, shown: isPaused ? this.state.shown : (this.#feed?.kept ?? []) })
  }

  render() {
    const { isPaused, shown, withSessions } = this.state
    const { seen = 0, trouble } = this.#feed ?? {}
    return html`<section class="pane" aria-label="Changes">
      <h2>Changes</h2>
      <form class="filter" onSubmit=${filter}>
        <label>Path and below <input name="prefix" key=${this.props.prefix} defaultValue=${this.props.prefix} autocomplete="off" spellcheck=${false} /></label>
        <button>Show</button>
        <button type="button" aria-pressed=${isPaused} onClick=${() => this.#pause()}>${isPaused ? 'Continue' : 'Pause'}</button>
        <label class="check"><input type="checkbox" checked=${withSessions} onChange=${() => this.#open(!withSessions)} /> sessions, too</label>
      </form>
      <p class="quiet" role="status">${count(seen)} seen since this page was opened${seen > KEPT_MAX ? `, the newest ${KEPT_MAX} are kept` : ''}.</p>
      <${Trouble} error=${trouble} />
      <ol class="feed" tabindex="0" aria-label="Changes, newest first">
        ${shown.map((change) => html`<${ChangeLine} key=${change.key} change=${change} />`)}
      </ol>
    </section>`
  }
}

/** A line never changes. @extends {Component<{ change: import('./change-feed.js').Change }, {}>} */
class ChangeLine extends Component {
  shouldComponentUpdate() {
    return false
  }

  render() {
    const { zxid, time, session, ops, opCount, missed } = this.props.change
    if (missed !== undefined) return html`<li class="trouble">${missed}</li>`
    if (zxid === undefined || time === undefined)
      return html`<li>A change that is too large to be shown.</li>`
    return html`<li>
      <span class="when"><span class="zxid">${hex(zxid)}</span> ${timeText(time)}</span>
      ${session === undefined ? null : html` <a class="by" href=${sessionLink(session)}>${session}</a>`}
      <ul>${ops.map((op, i) => html`<li key=${i}><span class=${`op ${opClass(op.op)}`}>${op.op}</span> ${subjectOf(op)} <span class="quiet">${detailOf(op)}</span></li>`)}</ul>
      ${opCount > ops.length ? html`<p class="quiet">and ${count(opCount - ops.length)} more</p>` : null}
    </li>`
  }
}

/** @param {string} op */
const opClass = (op) => (op === 'create' || op === 'delete' ? op : 'other')

/** @param {import('./change-feed.js').Op} op */
function subjectOf({ path, id }) {
  if (path !== undefined) return html`<a href=${treeLink(path)}>${named(path)}</a>`
  return id === undefined ? '' : html`<a href=${sessionLink(id)}>${id}</a>`
}

/** @param {import('./change-feed.js').Op} op */
const detailOf = ({ dataLength, version }) =>
  [
    dataLength === undefined ? undefined : bytesText(dataLength),
    version === undefined ? undefined : `version ${version}`,
  ]
    .filter((text) => text !== undefined)
    .join(', ')

/** @param {SubmitEvent} event */
function filter(event) {
  event.preventDefault()
  const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem('prefix')
  const prefix = /** @type {HTMLInputElement} */ (field).value.trim() || '/'
  location.hash = `#/changes?${new URLSearchParams({ prefix })}`
}
