/** The tree, beside the znode that is selected in it. All of it works with the keys that the ARIA pattern of a tree has. */
import { searchLink } from './search-view.js'
import { bytesText, count, visible } from './text.js'
import { nameOf, parentOf, TreeModel } from './tree-model.js'
import { Component, html, named, treeLink } from './view.js'
import { ZnodeView } from './znode-view.js'

/** Indents that are seen; what is deeper begins where the last one does. */
const INDENTS_MAX = 12

/**
 * @typedef {{ path: string, canEdit: boolean, generation: number }} Props
 * @typedef {import('./tree-model.js').Row} Row
 * @extends {Component<Props, { focused: string }>}
 */
export class TreeView extends Component {
  model = new TreeModel(() => this.forceUpdate())
  state = { focused: '/' }
  #mustFocus = false
  /** A znode of which the row gets the focus when it is there. @type {string | undefined} */
  #awaited
  /** Where the row was that Tab leads to. */
  #at = 0

  componentDidMount() {
    void this.#show(this.props.path)
  }

  /** A row that goes takes the focus with it. @returns {boolean} a row has it */
  getSnapshotBeforeUpdate() {
    return hasRowFocus()
  }

  /** @param {Props} before @param {unknown} _state @param {boolean} hadFocus */
  componentDidUpdate(before, _state, hadFocus) {
    if (before.generation !== this.props.generation) void this.model.reload()
    if (before.path !== this.props.path) void this.#show(this.props.path)
    const isLost = hadFocus && !hasRowFocus()
    if (!this.#mustFocus && !isLost) return
    this.#mustFocus = false
    const row = document.querySelector('[role=treeitem][tabindex="0"]')
    if (row instanceof HTMLElement) row.focus()
  }

  /** @param {string} path */
  async #show(path) {
    await this.model.open('/')
    await this.model.reveal(path)
    // Whoever has left the tree meanwhile stays where they are.
    if (this.#awaited === path) this.#mustFocus = hasRowFocus()
    this.#awaited = undefined
    this.setState({ focused: path })
  }

  /** @param {string | undefined} path as in `Given.onChanged` of the forms */
  #changed(path) {
    void this.model.reload()
    if (path === undefined) return
    this.#awaited = path
    this.#mustFocus = true
    this.setState(({ focused }) => ({ focused: this.model.has(path) ? path : focused }))
  }

  /** @param {Row} row */
  #act(row) {
    if (row.type === 'next') return void this.model.next(row.path)
    if (row.type === 'before') return void this.model.before(row.path)
    if (row.type === 'error') return void this.model.reload()
    this.setState({ focused: row.key })
    location.hash = treeLink(row.path)
  }

  /** @param {Row} row */
  #toggle(row) {
    if (row.isOpen) this.model.close(row.path)
    else void this.model.open(row.path)
  }

  /** @param {KeyboardEvent} event @param {Row[]} rows */
  #key(event, rows) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const at = Math.max(
      0,
      rows.findIndex(({ key }) => key === this.#focusedOf(rows)),
    )
    const row = /** @type {Row} */ (rows[at])
    /** @param {number} index */
    const go = (index) => this.#focus(rows[Math.min(Math.max(index, 0), rows.length - 1)])
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      PageDown: () => go(at + 10),
      PageUp: () => go(at - 10),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => (row.isOpen || row.type !== 'znode' ? go(at + 1) : this.#toggle(row)),
      ArrowLeft: () =>
        row.isOpen && row.type === 'znode'
          ? this.#toggle(row)
          : this.#focus(
              rows.find(
                ({ key }) => key === (row.type === 'znode' ? parentOf(row.path) : row.path),
              ),
            ),
      Enter: () => this.#act(row),
      ' ': () => this.#act(row),
    }
    const run = keys[event.key]
    if (run === undefined) return
    event.preventDefault()
    run()
  }

  /** @param {Row | undefined} row */
  #focus(row) {
    if (row === undefined) return
    this.#mustFocus = true
    this.setState({ focused: row.key })
  }

  /** One row can be reached by Tab: where that one is gone, what was closed above it, or what is where it was. @param {Row[]} rows */
  #focusedOf(rows) {
    const { focused } = this.state
    const has = (/** @type {string} */ key) => rows.findIndex((row) => row.key === key)
    let at = has(focused)
    for (let above = focused; at < 0 && above !== '/'; ) {
      above = parentOf(above)
      const i = has(above)
      if (i >= 0 && rows[i]?.isOpen === true) break
      at = i
    }
    this.#at = at < 0 ? Math.min(this.#at, rows.length - 1) : at
    return rows[this.#at]?.key ?? '/'
  }

  render() {
    const { path, canEdit, generation } = this.props
    const rows = this.model.rows()
    const focused = this.#focusedOf(rows)
    return html`<div class="columns">
      <section class="pane tree-pane" aria-label="Tree">
        <${Tools} path=${path} onFrom=${(/** @type {string} */ name) => void this.model.from(path, name)} onReload=${() => void this.model.reload()} />
        <ul role="tree" aria-label="Znodes" onKeyDown=${(/** @type {KeyboardEvent} */ event) => this.#key(event, rows)}>
          ${rows.map((row) => this.#row(row, row.key === focused, row.type === 'znode' && row.path === path))}
        </ul>
      </section>
      <${ZnodeView} key=${path} path=${path} canEdit=${canEdit} generation=${generation}
        onChanged=${(/** @type {string | undefined} */ at) => this.#changed(at)} />
    </div>`
  }

  /** @param {Row} row @param {boolean} isFocused @param {boolean} isSelected */
  #row(row, isFocused, isSelected) {
    const { child, type, depth } = row
    const canOpen = type === 'znode' && (child === undefined || (child.childCount ?? 0) > 0)
    const toggle = (/** @type {Event} */ event) => {
      event.stopPropagation()
      this.#toggle(row)
    }
    return html`<li key=${row.key} role="treeitem" class=${`row ${type} d${Math.min(depth, INDENTS_MAX)}`}
      aria-level=${depth + 1} aria-selected=${isSelected} aria-expanded=${canOpen ? row.isOpen === true : undefined}
      tabindex=${isFocused ? 0 : -1} onClick=${() => this.#act(row)}>
      <span class="twist" aria-hidden="true" onClick=${canOpen ? toggle : undefined}>${canOpen ? (row.isOpen ? '▾' : '▸') : ''}</span>
      ${type === 'znode' ? html`${named(row.path === '/' ? '/' : nameOf(row.path))}<${Marks} child=${child} />` : row.text}
    </li>`
  }
}

const hasRowFocus = () => document.activeElement?.getAttribute('role') === 'treeitem'

/** @param {{ child: import('./tree-model.js').Child | undefined }} props */
const Marks = ({ child }) => {
  if (child === undefined) return null
  const { childCount = 0, dataLength, kind, ephemeralOwner, unreadable } = child
  const what = ephemeralOwner !== undefined ? 'ephemeral' : kind === 'plain' ? undefined : kind
  return html`<span class="marks">
    ${unreadable ? html`<span class="tag bad">unreadable</span>` : null}
    ${what === undefined ? null : html`<span class="tag">${what}</span>`}
    ${childCount > 0 ? html`<span title="children">${count(childCount)}</span>` : dataLength ? html`<span title="data">${bytesText(dataLength)}</span>` : null}
  </span>`
}

/**
 * @typedef {{ path: string, onFrom: (name: string) => void, onReload: () => void }} ToolsProps
 * @extends {Component<ToolsProps, {}>}
 */
class Tools extends Component {
  /** @param {SubmitEvent} event */
  #go(event) {
    event.preventDefault()
    const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem('path')
    const text = /** @type {HTMLInputElement} */ (field).value.trim()
    location.hash = treeLink(text.startsWith('/') ? text : `/${text}`)
  }

  /** @param {SubmitEvent} event */
  #from(event) {
    event.preventDefault()
    const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem('from')
    this.props.onFrom(/** @type {HTMLInputElement} */ (field).value)
  }

  /** @param {SubmitEvent} event */
  #search(event) {
    event.preventDefault()
    const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem('find')
    const { path } = this.props
    location.hash = searchLink({ path, name: /** @type {HTMLInputElement} */ (field).value })
  }

  render() {
    return html`<div class="tools">
      <form onSubmit=${(/** @type {SubmitEvent} */ event) => this.#go(event)}>
        <label>Path <input name="path" autocomplete="off" spellcheck=${false} placeholder="/a/path" /></label>
        <button>Go</button>
        <button type="button" onClick=${this.props.onReload}>Reload</button>
      </form>
      <form onSubmit=${(/** @type {SubmitEvent} */ event) => this.#from(event)}>
        <label title=${`Children of ${visible(this.props.path)} from this name on`}>From <input name="from" autocomplete="off" spellcheck=${false} placeholder="children of the selected" /></label>
        <button>List</button>
      </form>
      <form onSubmit=${(/** @type {SubmitEvent} */ event) => this.#search(event)}>
        <label title=${`Names below ${visible(this.props.path)} with this in them`}>Find <input name="find" required autocomplete="off" spellcheck=${false} placeholder="names below the selected" /></label>
        <button>Search</button>
      </form>
    </div>`
  }
}
