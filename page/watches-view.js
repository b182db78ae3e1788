/** Watches of the clients of this server, by path. */
import { ListView } from './list-view.js'
import { count } from './text.js'
import { html, named, sessionLink, treeLink } from './view.js'

/** @param {{ prefix: string, generation: number }} props */
export const WatchesView = ({
  prefix,
  generation,
}) => html`<section class="pane" aria-label="Watches">
  <h2>Watches</h2>
  <form class="filter" onSubmit=${filter}>
    <label>Path and below <input name="prefix" key=${prefix} defaultValue=${prefix} autocomplete="off" spellcheck=${false} /></label>
    <button>Show</button>
  </form>
  <${ListView} key=${prefix} path="watches" query=${{ prefix }} generation=${generation} show=${show} />
</section>`

/** @param {SubmitEvent} event */
function filter(event) {
  event.preventDefault()
  const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem('prefix')
  const prefix = /** @type {HTMLInputElement} */ (field).value.trim() || '/'
  location.hash = `#/watches?${new URLSearchParams({ prefix })}`
}

/** @param {any} answer */
const show = ({
  count: total,
  worker,
  watches,
}) => html`<p class="quiet">${count(total)} of the clients of ${worker === undefined ? 'this server' : `worker ${worker}`}, anywhere.${
  worker === undefined
    ? ''
    : ' Another worker may answer when it is read again: each knows those of its own clients.'
}</p>
  <table class="list">
    <thead><tr><th scope="col">path</th><th scope="col">kind</th><th scope="col">sessions</th></tr></thead>
    <tbody>
      ${watches.map(
        (/** @type {any} */ one) => html`<tr key=${`${one.kind} ${one.path}`}>
          <td data-label="path"><a href=${treeLink(one.path)}>${named(one.path)}</a></td>
          <td data-label="kind">${one.kind}</td>
          <td data-label="sessions">${one.sessions.map((/** @type {string} */ id) => html`<a key=${id} href=${sessionLink(id)}>${id}</a> `)}
            ${one.sessionCount > one.sessions.length ? `and ${count(one.sessionCount - one.sessions.length)} more` : ''}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
