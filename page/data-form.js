/** New data of a znode: as text, or the bytes of a file. */
import { sendBytes } from './api.js'
import { dataDrafts, isOther } from './drafts.js'
import { bytesText, toText, visible } from './text.js'
import { Component, focused, html, idle } from './view.js'

/** Longer data is not edited as text. Bytes. */
const TEXT_BYTES_MAX = 32_768

/** @param {any} znode @param {Uint8Array | undefined} bytes @returns {import('./drafts.js').TextDraft} */
export function textDraftOf(znode, bytes) {
  const { version, czxid } = znode.stat
  return { text: (bytes && toText(bytes)) ?? '', version, czxid }
}

/**
 * @param {File} file @param {any} znode @returns {Promise<import('./drafts.js').FileDraft>}
 * @throws {Error} it is too large, or cannot be read
 */
export async function chosen(file, znode) {
  const { version, czxid } = znode.stat
  if (file.size > znode.dataBytesMax) {
    const sizes = `${bytesText(file.size)}; data has ${bytesText(znode.dataBytesMax)} at most`
    throw new Error(`This file has ${sizes}. Nothing was changed.`)
  }
  const bytes = await file.arrayBuffer().catch(() => {
    throw new Error('The file cannot be read. Nothing was changed.')
  })
  return { bytes: new Uint8Array(bytes), name: file.name, version, czxid }
}

/** Why this data is not edited as text: a field would change what it cannot hold. @param {any} znode @param {Uint8Array | undefined} bytes */
export function whyNoText(znode, bytes) {
  if (znode.stat.dataLength > TEXT_BYTES_MAX)
    return `Data above ${bytesText(TEXT_BYTES_MAX)} is not edited as text: replace it with a file.`
  const text = bytes === undefined ? '' : toText(bytes)
  if (text === undefined) return 'Data that is no text is not edited here: replace it with a file.'
  const field = document.createElement('textarea')
  field.value = text
  if (field.value === text) return undefined
  return 'Data with carriage returns is not edited here: replace it with a file.'
}

/** @extends {Component<import('./edit-forms.js').Given & { reread: () => Promise<any> }, { conflict: boolean }>} */
export class DataForm extends Component {
  state = { conflict: false }

  /** @param {import('./drafts.js').Base} base */
  #save({ version, czxid }) {
    const { path, attempt, close, reread, onChanged } = this.props
    const draft = dataDrafts.get(path)
    if (draft === undefined) return
    const data = 'text' in draft ? new TextEncoder().encode(draft.text) : draft.bytes
    void attempt(
      async () => {
        await sendBytes('data', { path, version, czxid }, data)
        dataDrafts.keep(path, undefined)
        await reread()
        close()
        onChanged()
        return 'Saved.'
      },
      (status) => this.setState({ conflict: status === 409 }),
    )
  }

  /** @param {Event} event */
  #typed(event) {
    const { path } = this.props
    const draft = dataDrafts.get(path)
    const text = /** @type {HTMLTextAreaElement} */ (event.target).value
    if (draft !== undefined && 'text' in draft) dataDrafts.keep(path, { ...draft, text })
  }

  #discard() {
    dataDrafts.keep(this.props.path, undefined)
    this.props.close()
  }

  render() {
    const { path, znode, isBusy } = this.props
    const draft = dataDrafts.get(path)
    if (draft === undefined) return null
    const { version, czxid } = znode.stat
    return html`<div class="draft">
      ${
        'text' in draft
          ? html`<label>New data, instead of version ${draft.version}
        <textarea rows="6" spellcheck=${false} ref=${focused} defaultValue=${draft.text} onInput=${(/** @type {Event} */ event) => this.#typed(event)}></textarea>
      </label>`
          : html`<p tabindex="-1" ref=${focused}>The file <span class="name">${visible(draft.name)}</span> with ${bytesText(draft.bytes.length)}, instead of version ${draft.version}.</p>`
      }
      ${
        isOther(draft, znode.stat)
          ? html`<p class="trouble conflict" role="alert">
        ${this.state.conflict ? 'Nothing was overwritten. ' : ''}The znode has changed since: above is version ${version} as it is now, here what you ${'text' in draft ? 'wrote' : 'chose'} for version ${draft.version}.
        <button type="button" ...${idle(isBusy)} onClick=${() => this.#save({ version, czxid })}>Replace version ${version} with this</button>
      </p>`
          : html`<button type="button" class="main" ...${idle(isBusy)} onClick=${() => this.#save(draft)}>Save</button> `
      }
      <button type="button" onClick=${() => this.#discard()}>Discard</button>
    </div>`
  }
}
