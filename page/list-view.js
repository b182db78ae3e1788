/** A list of the API that is shown page by page. The views of sessions and watches say what they ask for, and how a page looks. */
import { get } from './api.js'
import { FIRST_PAGE, pageBefore, pageBehind } from './pages.js'
import { Component, html, Pager, Trouble } from './view.js'

/** Lines of a page. */
export const LIST_PAGE = 100

/**
 * @typedef {object} Props
 * @property {string} path of the API
 * @property {import('./api.js').Query} [query]
 * @property {number} generation another one: it is read again
 * @property {(answer: any) => any} show
 *
 * @typedef {{ place: import('./pages.js').Place, answer: any, error: string | undefined }} State
 * @extends {Component<Props, State>}
 */
export class ListView extends Component {
  /** @type {State} */
  state = { place: FIRST_PAGE, answer: undefined, error: undefined }
  #stop = new AbortController()

  componentDidMount() {
    void this.#load(FIRST_PAGE)
  }

  componentWillUnmount() {
    this.#stop.abort()
  }

  /** @param {Props} before */
  componentDidUpdate(before) {
    if (before.generation !== this.props.generation) void this.#load(this.state.place)
  }

  /** @param {import('./pages.js').Place} place */
  async #load(place) {
    this.#stop.abort()
    this.#stop = new AbortController()
    const { path, query } = this.props
    try {
      const wanted = { ...query, limit: LIST_PAGE, cursor: place.cursor }
      const answer = await get(path, wanted, this.#stop.signal)
      this.setState({ place, answer, error: undefined })
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({ error: error.message })
    }
  }

  render() {
    const { place, answer, error } = this.state
    return html`<${Trouble} error=${error} />
      ${answer === undefined ? null : this.props.show(answer)}
      <div class="pager-row">
        <button type="button" onClick=${() => void this.#load(place)}>Read again</button>
        <${Pager} hasBefore=${place.before.length > 0} hasMore=${answer?.cursor !== undefined}
          onFirst=${() => void this.#load(FIRST_PAGE)}
          onBefore=${() => void this.#load(pageBefore(place))}
          onMore=${() => void this.#load(pageBehind(place, answer.cursor))} />
      </div>`
  }
}
