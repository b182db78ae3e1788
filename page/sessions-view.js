/** Sessions of all servers, and one of them with its ephemerals. */
import { ListView } from './list-view.js'
import { count, durationText, visible } from './text.js'
import { Facts, html, named, sessionLink, treeLink } from './view.js'

/** @param {{ id: string | undefined, generation: number }} props */
export const SessionsView = ({ id, generation }) =>
  id === undefined
    ? html`<section class="pane" aria-label="Sessions">
        <h2>Sessions</h2>
        <${ListView} key="all" path="sessions" generation=${generation} show=${showAll} />
      </section>`
    : html`<section class="pane" aria-label="Session">
        <p><a href="#/sessions">All sessions</a></p>
        <h2>Session <span class="name">${visible(id)}</span></h2>
        <${ListView} key=${id} path=${`sessions/${encodeURIComponent(id)}`} generation=${generation} show=${showOne} />
      </section>`

/** @param {any} answer */
const showAll = ({ sessions, count: total }) => html`<p class="quiet">${count(total)} in all.</p>
  <table class="list">
    <thead><tr><th scope="col">id</th><th scope="col">ephemerals</th><th scope="col">timeout</th><th scope="col">client</th><th scope="col">server</th></tr></thead>
    <tbody>
      ${sessions.map(
        (/** @type {any} */ one) => html`<tr key=${one.id}>
          <td data-label="id"><a href=${sessionLink(one.id)}>${one.id}</a></td>
          <td data-label="ephemerals">${count(one.ephemerals)}</td>
          <td data-label="timeout">${durationText(one.timeoutMs)}</td>
          <td data-label="client">${clientOf(one)}</td>
          <td data-label="server">${serverOf(one)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`

/** @param {any} one */
const showOne = (one) => html`<${Facts} rows=${[
  ['client', clientOf(one)],
  ['server', serverOf(one)],
  ['timeout', durationText(one.timeoutMs)],
  ['requests in flight', one.outstanding],
  ['identities', identitiesOf(one.identities)],
  ['ephemerals', count(one.ephemerals)],
]} />
  <h3>Ephemerals</h3>
  ${
    one.paths.length === 0
      ? html`<p class="quiet">None.</p>`
      : html`<ul class="paths">
    ${one.paths.map((/** @type {string} */ path) => html`<li key=${path}><a href=${treeLink(path)}>${named(path)}</a></li>`)}
  </ul>`
  }`

/** Who is connected elsewhere is not known here. @param {any} one */
const clientOf = ({ client, isHere }) => client ?? (isHere ? 'away' : '–')

/** @param {any} one */
const serverOf = ({ isHere, isOfGroup, worker, address, owner }) => {
  if (isOfGroup) return 'this one, another worker'
  if (isHere) return worker === undefined ? 'this one' : `this one, worker ${worker}`
  return visible(address || owner)
}

/** @param {readonly { scheme: string, id: string }[] | undefined} identities */
const identitiesOf = (identities) =>
  identities?.map(({ scheme, id }) => visible(id === '' ? scheme : `${scheme}:${id}`)).join(', ')
