/** The question before a znode is deleted; with all below it, their number is to be typed. */
import { get, send } from './api.js'
import { aclDrafts, dataDrafts } from './drafts.js'
import { bytesText, count, visible } from './text.js'
import { parentOf } from './tree-model.js'
import { Component, focused, html, idle, Trouble, treeLink } from './view.js'

/**
 * @typedef {{ count: number, zxid: number, isMore: boolean, bytes: number, ephemerals: number, countMax: number }} Counted
 * @extends {Component<import('./edit-forms.js').Given, { counted: Counted | undefined, typed: string, error: string | undefined }>}
 */
export class DeleteForm extends Component {
  /** @type {{ counted: Counted | undefined, typed: string, error: string | undefined }} */
  state = { counted: undefined, typed: '', error: undefined }

  componentDidMount() {
    if (this.props.znode.childCount > 0) void this.#count()
  }

  async #count() {
    const isAgain = this.state.counted !== undefined
    try {
      const counted = await get('subtree', { path: this.props.path })
      this.setState({ counted, typed: '', error: undefined }, () => {
        // What was typed is of another count: the field is where one begins again.
        if (isAgain) focused(document.querySelector('.confirm input[name=count]'))
      })
    } catch (error) {
      this.setState({ error: error.message })
    }
  }

  /** @param {string} api @param {import('./api.js').Query} query */
  #delete(api, query) {
    const { path, attempt, onChanged } = this.props
    void attempt(
      async () => {
        await send('DELETE', api, { path, ...query })
        dataDrafts.keep(path, undefined)
        aclDrafts.keep(path, undefined)
        onChanged(parentOf(path))
        location.hash = treeLink(parentOf(path))
        return 'Deleted.'
      },
      () => {
        // What was counted is no more what is there.
        if (this.state.counted !== undefined) void this.#count()
      },
    )
  }

  render() {
    const { path, znode, isBusy, close } = this.props
    const { counted, error } = this.state
    const cancel = html`<button type="button" onClick=${close}>Cancel</button>`
    if (znode.childCount > 0) {
      return html`<div class="confirm">
        <${Trouble} error=${error} />
        ${counted === undefined ? html`<p class="quiet">Counting what is below …</p>` : this.#all(counted, cancel)}
        ${counted?.isMore === false ? null : cancel}
      </div>`
    }
    const { version, czxid } = znode.stat
    return html`<p class="confirm">Delete version ${version} of <span class="name">${visible(path)}</span>?
      <button type="button" class="danger" ref=${focused} ...${idle(isBusy)} onClick=${() => this.#delete('tree', { version, czxid })}>Yes, delete it</button>
      ${cancel}</p>`
  }

  /** @param {Counted} counted @param {any} cancel */
  #all({ count: total, zxid, isMore, bytes, ephemerals, countMax }, cancel) {
    const { path, znode, isBusy } = this.props
    if (isMore) {
      return html`<p role="alert">More than ${count(countMax)} znodes: that is what is deleted together at most (<code>--admin-max-deletes</code>). Delete parts of it first.</p>`
    }
    const typed = (/** @type {Event} */ event) =>
      this.setState({ typed: /** @type {HTMLInputElement} */ (event.target).value.trim() })
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      this.#delete('subtree', { czxid: znode.stat.czxid, count: total, zxid })
    }
    return html`<form class="new" onSubmit=${submit}>
      <p>Delete <span class="name">${visible(path)}</span> with all below it: <b>${count(total)} znodes</b>${ephemerals === 0 ? '' : ` (${count(ephemerals)} ephemeral)`} with ${bytesText(bytes)} of data? All of them are deleted, or none.</p>
      <label>Their number, to confirm <input name="count" inputmode="numeric" autocomplete="off" value=${this.state.typed} ref=${focused} onInput=${typed} /></label>
      <p class="buttons"><button class="danger" disabled=${this.state.typed !== String(total)} ...${idle(isBusy)}>Delete all ${count(total)}</button>${cancel}</p>
    </form>`
  }
}
