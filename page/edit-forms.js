/**
 * Changes of a znode. Each names the version that was read, so nothing is overwritten that was not seen; what was typed is kept until it
 * is saved or discarded, also where the server refuses it, goes away, or another znode is looked at meanwhile.
 */
import { AclForm, aclDraftOf } from './acl-form.js'
import { CreateForm } from './create-form.js'
import { chosen, DataForm, textDraftOf, whyNoText } from './data-form.js'
import { DeleteForm } from './delete-form.js'
import { aclDrafts, dataDrafts } from './drafts.js'
import { Component, focused, html } from './view.js'

/** @typedef {'data' | 'acl' | 'create' | 'delete'} Form */

/**
 * What a form is given: what it may do, and whether something is being done.
 *
 * @typedef {object} Given
 * @property {string} path
 * @property {any} znode
 * @property {boolean} isBusy
 * @property {(run: () => Promise<string>, onFailure?: (status: number) => void) => Promise<void>} attempt
 *   runs a change once. It resolves to what is said of it; a failure is said, and the znode read again
 * @property {() => void} close
 * @property {(path?: string) => void} onChanged `path`: the focus goes to the row of this znode
 */

/**
 * @typedef {{ path: string, znode: any, bytes: Uint8Array | undefined, reread: () => Promise<any>, onChanged: Given['onChanged'] }} Props
 * @typedef {{ open: Form | undefined, isBusy: boolean, said: string | undefined, isTrouble: boolean }} State
 * @extends {Component<Props, State>}
 */
export class EditForms extends Component {
  /** @type {State} */
  state = {
    open: openAt(this.props.path),
    ...{ isBusy: false, said: undefined, isTrouble: false },
  }
  /** What opened the form that is shown, or is shown no more. @type {Form | 'file' | undefined} */
  #opener = this.state.open
  #mustFocus = false

  componentDidUpdate() {
    if (!this.#mustFocus) return
    this.#mustFocus = false
    // Where one was before the form.
    const places = [`.edit [data-opens=${this.#opener}]:enabled`, '.edit button:enabled']
    focused(
      places.map((place) => document.querySelector(place)).find((one) => one !== null) ?? null,
    )
  }

  /** @param {Form | undefined} form @param {Form | 'file' | undefined} [opener] */
  #show(form, opener = form) {
    const open = this.state.open === form ? undefined : form
    this.#mustFocus = open === undefined
    this.#opener = opener ?? this.#opener
    this.setState({ open, said: undefined })
  }

  /** @type {Given['attempt']} */
  #attempt = async (run, onFailure = () => {}) => {
    if (this.state.isBusy) return
    this.setState({ isBusy: true, said: undefined })
    try {
      this.setState({ said: await run(), isTrouble: false })
    } catch (error) {
      this.setState({ said: notDone(error.message, error.status), isTrouble: true })
      onFailure(error.status)
      // Whether it was changed or not, or what was changed instead.
      void this.props.reread()
    } finally {
      this.setState({ isBusy: false })
    }
  }

  #editText() {
    const { path, znode, bytes } = this.props
    dataDrafts.keep(path, textDraftOf(znode, bytes))
    this.#show('data')
  }

  /** @param {File} file */
  async #replace(file) {
    const { path, znode } = this.props
    try {
      dataDrafts.keep(path, await chosen(file, znode))
      this.#show('data', 'file')
    } catch (error) {
      this.setState({ said: error.message, isTrouble: true })
    }
  }

  #editAcl() {
    const { path, znode } = this.props
    aclDrafts.keep(path, aclDraftOf(znode))
    this.#show('acl')
  }

  render() {
    const { open, isBusy, said, isTrouble } = this.state
    const { path, znode, reread, onChanged } = this.props
    const given = {
      ...{ path, znode, isBusy, attempt: this.#attempt, onChanged, reread },
      close: () => this.#show(undefined),
    }
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      // What was typed in the others stays: they are discarded with their button.
      if (event.key === 'Escape' && (open === 'create' || open === 'delete')) given.close()
    }
    return html`<section class="edit" aria-label="Change" onKeyDown=${onKey}>
      <p role="status" class=${isTrouble ? 'said trouble' : 'said'}>${said}</p>
      ${open === 'data' || open === 'acl' ? null : this.#buttons()}
      ${open === 'data' ? html`<${DataForm} ...${given} />` : null}
      ${open === 'acl' ? html`<${AclForm} ...${given} />` : null}
      ${open === 'create' ? html`<${CreateForm} ...${given} />` : null}
      ${open === 'delete' ? html`<${DeleteForm} key=${znode.childCount > 0} ...${given} />` : null}
    </section>`
  }

  #buttons() {
    const { open } = this.state
    const { path, znode, bytes } = this.props
    const why = whyNoText(znode, bytes)
    const whyNoAcl = znode.acl.length > ACL_ENTRIES_MAX ? 'too many entries' : undefined
    return html`<div class="buttons">
      <button type="button" data-opens="data" disabled=${why !== undefined} onClick=${() => this.#editText()}>Edit data</button>
      <label class="button">Replace with a file<input type="file" class="hidden" data-opens="file" onChange=${(/** @type {Event} */ event) => this.#fileOf(event)} /></label>
      <button type="button" data-opens="acl" disabled=${whyNoAcl !== undefined} onClick=${() => this.#editAcl()}>Edit ACL</button>
      <button type="button" data-opens="create" aria-expanded=${open === 'create'} onClick=${() => this.#show('create')}>New child</button>
      ${path === '/' ? null : html`<button type="button" data-opens="delete" aria-expanded=${open === 'delete'} onClick=${() => this.#show('delete')}>Delete</button>`}
      ${why === undefined ? null : html`<p class="quiet">${why}</p>`}
    </div>`
  }

  /** @param {Event} event */
  #fileOf(event) {
    const field = /** @type {HTMLInputElement} */ (event.target)
    const file = field.files?.[0]
    // The same file may be chosen again.
    if (file !== undefined) void this.#replace(file).finally(() => (field.value = ''))
  }
}

/** Entries of an ACL that are edited here. */
const ACL_ENTRIES_MAX = 200

/** @param {string} path @returns {Form | undefined} */
function openAt(path) {
  if (dataDrafts.get(path) !== undefined) return 'data'
  return aclDrafts.get(path) === undefined ? undefined : 'acl'
}

/** @param {string} sentence @param {number | undefined} status */
function notDone(sentence, status) {
  if (status === 0) return `${sentence} It is not known whether this was changed: read it again.`
  return sentence
}
