/**
 * Changes of a znode. Each names the version that was read, so nothing is overwritten that was not seen; what was typed is kept until it
 * is saved or discarded, also where the server refuses it, goes away, or another znode is looked at meanwhile.
 */
import { send } from './api.js'
import { bytesText, toText, visible } from './text.js'
import { parentOf, pathBelow } from './tree-model.js'
import { Component, html, treeLink } from './view.js'

/** Longer data is not edited in a browser. Bytes. */
const EDIT_BYTES_MAX = 32_768

/** What was typed, by path, and what it is based on. @type {Map<string, { text: string, version: number, czxid: number }>} */
const drafts = new Map()

/** @typedef {{ text: string, version: number, czxid: number }} Draft */

/**
 * @typedef {{ path: string, znode: any, bytes: Uint8Array | undefined, reread: () => Promise<any>, onChanged: () => void }} Props
 * @typedef {{ draft: Draft | undefined, isBusy: boolean, isDeleting: boolean, isCreating: boolean, said: string | undefined,
 *   conflict: boolean }} State
 * @extends {Component<Props, State>}
 */
export class EditForms extends Component {
  /** @type {State} */
  state = {
    draft: drafts.get(this.props.path),
    ...{ isBusy: false, isDeleting: false, isCreating: false, said: undefined, conflict: false },
  }

  /** @param {Draft | undefined} draft */
  #keep(draft) {
    if (draft === undefined) drafts.delete(this.props.path)
    else drafts.set(this.props.path, draft)
    this.setState({ draft })
  }

  #begin() {
    const { bytes, znode } = this.props
    const text = bytes === undefined ? '' : toText(bytes)
    const { version, czxid } = znode.stat
    this.#keep({ text: text ?? '', version, czxid })
    this.setState({ said: undefined, conflict: false })
  }

  /** @param {() => Promise<any>} run @param {(sentence: string, status: number) => void} onFailure */
  async #try(run, onFailure) {
    this.setState({ isBusy: true, said: undefined, conflict: false })
    try {
      await run()
    } catch (error) {
      onFailure(error.message, error.status)
    } finally {
      this.setState({ isBusy: false })
    }
  }

  /** @param {Draft} draft */
  async #save(draft) {
    const { path, reread, onChanged } = this.props
    await this.#try(
      async () => {
        const { text: data, version, czxid } = draft
        await send('PUT', 'tree', { path }, { data, encoding: 'text', version, czxid })
        this.#keep(undefined)
        await reread()
        this.setState({ said: 'Saved.' })
        onChanged()
      },
      (sentence, status) => {
        // Whether it was saved or not, or what was saved instead: it is read again, and the draft stays.
        this.setState({ said: notDone(sentence, status), conflict: status === 409 })
        if (status === 409 || status === 0 || status === 503) void reread()
      },
    )
  }

  async #delete() {
    const { path, znode, onChanged, reread } = this.props
    const { version, czxid } = znode.stat
    await this.#try(
      async () => {
        await send('DELETE', 'tree', { path, version, czxid })
        drafts.delete(path)
        onChanged()
        location.hash = treeLink(parentOf(path))
      },
      (sentence, status) => {
        this.setState({ said: notDone(sentence, status), isDeleting: false })
        void reread()
      },
    )
  }

  /** @param {SubmitEvent} event */
  async #create(event) {
    event.preventDefault()
    const { elements } = /** @type {HTMLFormElement} */ (event.target)
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement} */ (elements.namedItem(name)).value
    const path = pathBelow(this.props.path, value('name'))
    const data = value('data')
    await this.#try(
      async () => {
        await send('POST', 'tree', { path }, { data, encoding: 'text' })
        this.setState({ isCreating: false })
        this.props.onChanged()
        location.hash = treeLink(path)
      },
      (sentence, status) => this.setState({ said: notDone(sentence, status) }),
    )
  }

  render() {
    const { path, znode } = this.props
    const { draft, isBusy, isDeleting, isCreating, said } = this.state
    const why = whyNot(this.props)
    return html`<section class="edit" aria-label="Change">
      <p role="status" class=${said === undefined || said === 'Saved.' ? 'said' : 'said trouble'}>${said}</p>
      ${
        draft === undefined
          ? html`<p class="buttons">
        <button type="button" disabled=${why !== undefined} title=${why} onClick=${() => this.#begin()}>Edit data</button>
        <button type="button" onClick=${() => this.setState({ isCreating: !isCreating, said: undefined })}>New child</button>
        ${path === '/' ? null : html`<button type="button" onClick=${() => this.setState({ isDeleting: !isDeleting, said: undefined })}>Delete</button>`}
        ${why === undefined ? null : html`<span class="quiet">${why}</span>`}
      </p>`
          : this.#draft(draft)
      }
      ${
        isDeleting
          ? html`<p class="confirm">Delete version ${znode.stat.version} of <span class="name">${visible(path)}</span>?
        <button type="button" class="danger" disabled=${isBusy} onClick=${() => void this.#delete()}>Yes, delete it</button>
        <button type="button" onClick=${() => this.setState({ isDeleting: false })}>Cancel</button></p>`
          : null
      }
      ${
        isCreating
          ? html`<form class="new" onSubmit=${(/** @type {SubmitEvent} */ event) => void this.#create(event)}>
        <label>Name <input name="name" required autocomplete="off" spellcheck=${false} /></label>
        <label>Data <textarea name="data" rows="3" spellcheck=${false}></textarea></label>
        <p class="quiet">Persistent, with the ACL of its parent.</p>
        <button disabled=${isBusy}>Create</button>
        <button type="button" onClick=${() => this.setState({ isCreating: false })}>Cancel</button>
      </form>`
          : null
      }
    </section>`
  }

  /** @param {Draft} draft */
  #draft(draft) {
    const { isBusy, conflict } = this.state
    const { version, czxid } = this.props.znode.stat
    const isOther = version !== draft.version || czxid !== draft.czxid
    return html`<div class="draft">
      <label>New data, instead of version ${draft.version}
        <textarea rows="6" spellcheck=${false} value=${draft.text}
          onInput=${(/** @type {InputEvent} */ event) => this.#keep({ ...draft, text: /** @type {HTMLTextAreaElement} */ (event.target).value })}></textarea>
      </label>
      ${
        isOther
          ? html`<p class="trouble conflict" role="alert">
        ${conflict ? 'Nothing was overwritten. ' : ''}The znode has changed since: above is version ${version} as it is now, here what you wrote for version ${draft.version}.
        <button type="button" disabled=${isBusy} onClick=${() => void this.#save({ ...draft, version, czxid })}>Replace version ${version} with this</button>
      </p>`
          : html`<button type="button" disabled=${isBusy} onClick=${() => void this.#save(draft)}>Save</button>`
      }
      <button type="button" onClick=${() => this.#keep(undefined)}>Discard</button>
    </div>`
  }
}

/** @param {string} sentence @param {number | undefined} status */
function notDone(sentence, status) {
  if (status === 0) return `${sentence} It is not known whether this was changed: read it again.`
  return sentence
}

/** Why this data is not edited here: a field for text would change what it cannot hold. @param {Props} props */
function whyNot({ bytes, znode }) {
  if (znode.stat.dataLength > EDIT_BYTES_MAX)
    return `Data above ${bytesText(EDIT_BYTES_MAX)} is not edited here.`
  const text = bytes === undefined ? '' : toText(bytes)
  if (text === undefined) return 'Data that is no text is not edited here.'
  const field = document.createElement('textarea')
  field.value = text
  return field.value === text ? undefined : 'Data with carriage returns is not edited here.'
}
