/** A new znode below another one. */
import { send } from './api.js'
import { pathBelow } from './tree-model.js'
import { Component, focused, html, idle, treeLink } from './view.js'

/** As the API names them. An ephemeral would end with the session of the request. @type {readonly [mode: string, label: string][]} */
const MODES = [
  ['persistent', 'persistent'],
  ['persistent_sequential', 'persistent, with a number behind its name'],
  ['container', 'container: deleted after its last child'],
  ['ttl', 'TTL: deleted when nothing changes'],
  ['ttl_sequential', 'TTL, with a number behind its name'],
]

/** @extends {Component<import('./edit-forms.js').Given, { mode: string }>} */
export class CreateForm extends Component {
  state = { mode: 'persistent' }

  /** @param {SubmitEvent} event */
  #create(event) {
    event.preventDefault()
    const { elements } = /** @type {HTMLFormElement} */ (event.target)
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement | null} */ (elements.namedItem(name))?.value ?? ''
    const { path, attempt, onChanged } = this.props
    const { mode } = this.state
    const ttlMs = mode.startsWith('ttl') ? Math.round(Number(value('ttl')) * 1000) : undefined
    const body = { data: value('data'), encoding: 'text', mode, ttlMs }
    void attempt(async () => {
      const made = await send('POST', 'tree', { path: pathBelow(path, value('name')) }, body)
      onChanged(made.path)
      location.hash = treeLink(made.path)
      return 'Created.'
    })
  }

  render() {
    const { isBusy, close } = this.props
    const { mode } = this.state
    const choose = (/** @type {Event} */ event) =>
      this.setState({ mode: /** @type {HTMLSelectElement} */ (event.target).value })
    return html`<form class="new" onSubmit=${(/** @type {SubmitEvent} */ event) => this.#create(event)}>
      <label>Name <input name="name" required ref=${focused} autocomplete="off" spellcheck=${false} /></label>
      <label>Mode <select name="mode" value=${mode} onChange=${choose}>${MODES.map(
        ([name, label]) => html`<option key=${name} value=${name}>${label}</option>`,
      )}</select></label>
      ${
        mode.startsWith('ttl')
          ? html`<label>TTL, seconds <input name="ttl" type="number" min="0.001" step="any" required defaultValue="3600" /></label>`
          : null
      }
      <label>Data <textarea name="data" rows="3" spellcheck=${false}></textarea></label>
      <p class="quiet">With the ACL of its parent.</p>
      <p class="buttons"><button class="main" ...${idle(isBusy)}>Create</button>
      <button type="button" onClick=${close}>Cancel</button></p>
    </form>`
  }
}
