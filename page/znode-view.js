/** One znode: its data, Stat and ACL, and where it is allowed the forms that change it. */
import { bytesOf, getZnode } from './api.js'
import { DATA_PART, DataPane } from './data-pane.js'
import { hasDraft } from './drafts.js'
import { EditForms } from './edit-forms.js'
import { fileNameOf, save } from './save-file.js'
import { bytesText, count, durationText, fromBase64, hex, timeText, visible } from './text.js'
import {
  Component,
  Facts,
  html,
  named,
  PERMS,
  sessionLink,
  shownId,
  Trouble,
  treeLink,
} from './view.js'

/** ACL entries that are shown: there may be tens of thousands. */
const ACL_SHOWN_MAX = 200

/**
 * @typedef {{ path: string, canEdit: boolean, generation: number, onChanged: (path?: string) => void }} Props
 * @typedef {{ znode: any, bytes: Uint8Array | undefined, offset: number, error: string | undefined }} State
 * @extends {Component<Props, State>}
 */
export class ZnodeView extends Component {
  /** @type {State} */
  state = { znode: undefined, bytes: undefined, offset: 0, error: undefined }
  #stop = new AbortController()

  componentDidMount() {
    void this.load(0)
  }

  componentWillUnmount() {
    this.#stop.abort()
  }

  /** @param {Props} before */
  componentDidUpdate(before) {
    if (before.generation !== this.props.generation) void this.load(this.state.offset)
  }

  /**
   * The znode and a part of its data. `isSynced`: as of now also where another process behind this port answers.
   * @param {number} offset @param {boolean} [isSynced] @returns {Promise<any>} undefined: it cannot be read
   */
  async load(offset, isSynced = false) {
    // Of two answers the one to the newer request counts.
    this.#stop.abort()
    this.#stop = new AbortController()
    const { path } = this.props
    try {
      const sync = isSynced || undefined
      const query = { path, offset, bytes: DATA_PART, children: 0, sync }
      const znode = await getZnode(query, this.#stop.signal)
      const bytes = znode.data === null ? undefined : fromBase64(znode.data)
      this.setState({ znode, bytes, offset, error: undefined })
      return znode
    } catch (error) {
      if (error.name === 'AbortError') return undefined
      this.setState({ error: error.message })
      // Nothing of one that is gone is shown as if it were there; what was typed for it can still be copied.
      if (error.status === 404 && !hasDraft(path)) this.setState({ znode: undefined })
      return undefined
    }
  }

  async #download() {
    const { path } = this.props
    try {
      save(await bytesOf('data', { path }), fileNameOf(path))
      this.setState({ error: undefined })
    } catch (error) {
      this.setState({ error: error.message })
    }
  }

  render() {
    const { path, canEdit, onChanged } = this.props
    const { znode, bytes, offset, error } = this.state
    return html`<section class="pane" aria-label="Znode">
      <header class="znode-head">
        <h2>${crumbs(path)}</h2>
        <button type="button" onClick=${() => void this.load(offset)}>Read again</button>
      </header>
      <${Trouble} error=${error} />
      ${
        znode === undefined
          ? null
          : html`
        <${DataPane} bytes=${bytes} offset=${offset} total=${znode.stat.dataLength}
          onPart=${(/** @type {number} */ next) => void this.load(next)} onSave=${() => void this.#download()} />
        ${canEdit ? html`<${EditForms} path=${path} znode=${znode} bytes=${bytes} reread=${() => this.load(0, true)} onChanged=${onChanged} />` : null}
        <h3>Stat</h3>
        <${Facts} rows=${statRows(znode)} />
        <h3>ACL</h3>
        <${AclTable} acl=${znode.acl} />
        <p><a href=${`#/watches?${new URLSearchParams({ prefix: path })}`}>Watches here and below</a></p>`
      }
    </section>`
  }
}

/** Each part of the path leads to its znode. @param {string} path */
function crumbs(path) {
  if (path === '/') return html`<span class="name">/</span>`
  const names = path.slice(1).split('/')
  // A path may have thousands of parts.
  const from = Math.max(0, names.length - 12)
  return html`<a class="name" href=${treeLink('/')}>/</a> ${from > 0 ? '… / ' : ''}${names
    .slice(from)
    .map((name, i) => {
      const at = `/${names.slice(0, from + i + 1).join('/')}`
      const isLast = at === path
      return html`<span key=${at}>${i > 0 ? html`<span class="slash"> / </span>` : null}${isLast ? named(name) : html`<a href=${treeLink(at)}>${named(name)}</a>`}</span>`
    })}`
}

/** @param {any} znode @returns {[string, any][]} */
function statRows({ stat, kind, ttlMs, childCount }) {
  const isEphemeral = stat.ephemeralOwner !== '0x0'
  const owner = isEphemeral
    ? html`<a href=${sessionLink(stat.ephemeralOwner)}>${stat.ephemeralOwner}</a>`
    : undefined
  return [
    ['kind', isEphemeral ? 'ephemeral' : kind],
    ['ephemeralOwner', owner],
    ['ttl', ttlMs === undefined ? undefined : durationText(ttlMs)],
    ['version', count(stat.version)],
    ['dataLength', bytesText(stat.dataLength)],
    ['numChildren', count(childCount)],
    ['ctime', timeText(stat.ctime)],
    ['mtime', timeText(stat.mtime)],
    ['czxid', hex(stat.czxid)],
    ['mzxid', hex(stat.mzxid)],
    ['pzxid', hex(stat.pzxid)],
    ['cversion', count(stat.cversion)],
    ['aversion', count(stat.aversion)],
  ]
}

/** @param {{ acl: readonly { perms: number, scheme: string, id: string }[] }} props */
const AclTable = ({ acl }) => html`<table class="acl">
  <thead><tr><th scope="col">scheme</th><th scope="col">id</th><th scope="col">may</th></tr></thead>
  <tbody>
    ${acl.slice(0, ACL_SHOWN_MAX).map(
      ({ scheme, id, perms }, i) => html`<tr key=${i}>
        <td>${visible(scheme)}</td><td class="name">${visible(shownId(scheme, id))}</td>
        <td>${PERMS.filter((_, bit) => (perms >> bit) & 1).join(', ')}</td>
      </tr>`,
    )}
  </tbody>
</table>
${acl.length > ACL_SHOWN_MAX ? html`<p>${count(acl.length - ACL_SHOWN_MAX)} more entries are not shown.</p>` : null}`
