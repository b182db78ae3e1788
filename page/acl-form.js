/** The ACL of a znode, entry by entry: a scheme, an id of it, and what it may. */
import { send } from './api.js'
import { aclDrafts, isOther } from './drafts.js'
import { visible } from './text.js'
import { Component, focused, html, idle, PERMS, shownId } from './view.js'

/** Those that a server knows without a provider of its own. */
const SCHEMES = ['world', 'digest', 'ip', 'sasl', 'x509']
/** What an id of the scheme looks like. @type {Record<string, string>} */
const IDS = {
  world: 'anyone',
  digest: 'user:base64(hash("user:password"))',
  ip: '10.0.0.0/8',
  sasl: 'user@REALM',
  x509: 'CN=client,O=…',
}
const ADMIN = 16

/** @param {any} znode @returns {import('./drafts.js').AclDraft} */
export function aclDraftOf({ acl, stat: { aversion, czxid } }) {
  const entries = acl.map((/** @type {any} */ entry) => ({ ...entry, isKept: true }))
  return { entries, version: aversion, czxid }
}

/** @extends {Component<import('./edit-forms.js').Given & { reread: () => Promise<any> }, { conflict: boolean }>} */
export class AclForm extends Component {
  state = { conflict: false }
  /** Where the focus goes when it is shown: to this entry. @type {number | undefined} */
  #to

  componentDidUpdate() {
    if (this.#to === undefined) return
    const forms = document.querySelectorAll('.acl-form .entry')
    const entry = forms[Math.min(this.#to, forms.length - 1)]
    const field =
      entry?.querySelector('input') ?? document.querySelector('.acl-form .buttons button')
    if (field instanceof HTMLElement) field.focus()
    this.#to = undefined
  }

  /** @param {readonly import('./drafts.js').Entry[]} entries */
  #keep(entries) {
    const { path } = this.props
    const draft = aclDrafts.get(path)
    if (draft !== undefined) aclDrafts.keep(path, { ...draft, entries })
    this.forceUpdate()
  }

  /** @param {number} index @param {Partial<import('./drafts.js').Entry>} change */
  #change(index, change) {
    const entries = aclDrafts.get(this.props.path)?.entries ?? []
    this.#keep(entries.map((entry, i) => (i === index ? { ...entry, ...change } : entry)))
  }

  /** @param {readonly import('./drafts.js').Entry[]} entries */
  #add(entries) {
    this.#to = entries.length
    this.#keep([...entries, { scheme: 'digest', id: '', perms: 31, isKept: false }])
  }

  /** @param {readonly import('./drafts.js').Entry[]} entries @param {number} index */
  #remove(entries, index) {
    this.#to = index
    this.#keep(entries.filter((_, i) => i !== index))
  }

  /** Of what it is by now: several may be flipped before they are shown. @param {number} index @param {number} bit */
  #flip(index, bit) {
    const { perms = 0 } = aclDrafts.get(this.props.path)?.entries[index] ?? {}
    this.#change(index, { perms: perms ^ bit })
  }

  /** @param {import('./drafts.js').Base} base */
  #save({ version: aversion, czxid }) {
    const { path, attempt, close, reread } = this.props
    const entries = aclDrafts.get(path)?.entries ?? []
    const acl = entries.map(({ scheme, id, perms }) => ({ scheme: scheme.trim(), id, perms }))
    void attempt(
      async () => {
        await send('PUT', 'acl', { path }, { acl, aversion, czxid })
        aclDrafts.keep(path, undefined)
        await reread()
        close()
        return 'The ACL was saved.'
      },
      (status) => this.setState({ conflict: status === 409 }),
    )
  }

  #discard() {
    aclDrafts.keep(this.props.path, undefined)
    this.props.close()
  }

  render() {
    const { path, znode, isBusy } = this.props
    const draft = aclDrafts.get(path)
    if (draft === undefined) return null
    const { entries } = draft
    const { aversion, czxid } = znode.stat
    const now = { version: aversion, czxid }
    const hasAdmin = entries.some(({ perms }) => (perms & ADMIN) !== 0)
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      this.#save(isOther(draft, now) ? now : draft)
    }
    return html`<form class="draft acl-form" onSubmit=${submit}>
      <p tabindex="-1" ref=${focused}>New ACL, instead of aversion ${draft.version}. Znodes below keep theirs.</p>
      <datalist id="acl-schemes">${SCHEMES.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
      ${entries.map((entry, index) => this.#entry(entry, index))}
      <p class="buttons"><button type="button" onClick=${() => this.#add(entries)}>Add an entry</button></p>
      ${hasAdmin ? null : html`<p class="quiet">Nobody but a super user could change this ACL again.</p>`}
      ${
        isOther(draft, now)
          ? html`<p class="trouble conflict" role="alert">
        ${this.state.conflict ? 'Nothing was overwritten. ' : ''}The ACL has changed since: below is aversion ${aversion} as it is now, here what you made of aversion ${draft.version}.
        <button disabled=${entries.length === 0} ...${idle(isBusy)}>Replace aversion ${aversion} with this</button>
      </p>`
          : html`<button class="main" disabled=${entries.length === 0} ...${idle(isBusy)}>Save the ACL</button> `
      }
      <button type="button" onClick=${() => this.#discard()}>Discard</button>
    </form>`
  }

  /** @param {import('./drafts.js').Entry} entry @param {number} index */
  #entry({ scheme, id, perms, isKept }, index) {
    const set = (/** @type {'scheme' | 'id'} */ name) => (/** @type {Event} */ event) =>
      this.#change(index, { [name]: /** @type {HTMLInputElement} */ (event.target).value })
    const entries = aclDrafts.get(this.props.path)?.entries ?? []
    return html`<fieldset class="entry" key=${index}><legend>Entry ${index + 1}</legend>
      <label>scheme ${
        isKept
          ? html`<output class="name">${visible(scheme)}</output>`
          : html`<input list="acl-schemes" name="scheme" required value=${scheme} autocomplete="off" spellcheck=${false} onInput=${set('scheme')} />`
      }</label>
      <label class="wide">id ${
        isKept
          ? html`<output class="name">${visible(shownId(scheme, id))}</output>`
          : html`<input name="id" value=${id} placeholder=${IDS[scheme] ?? ''} autocomplete="off" spellcheck=${false} onInput=${set('id')} />`
      }</label>
      <span class="perms" role="group" aria-label="may">${PERMS.map(
        (
          name,
          bit,
        ) => html`<label key=${name} class="check"><input type="checkbox" checked=${((perms >> bit) & 1) === 1}
          onChange=${() => this.#flip(index, 1 << bit)} />${name}</label>`,
      )}</span>
      <button type="button" aria-label=${`Remove entry ${index + 1}`} onClick=${() => this.#remove(entries, index)}>Remove</button>
    </fieldset>`
  }
}
