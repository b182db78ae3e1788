/** Data of a znode as text, JSON or bytes. It is asked for part by part, so that a large one costs the browser no more than a small one. */
import { bytesText, toHex, toJson, toText, visibleLines } from './text.js'
import { Component, html, idle } from './view.js'

/** Bytes of data that are asked for and shown together. */
export const DATA_PART = 65_536

/** @typedef {'json' | 'text' | 'hex'} Form */

/**
 * @typedef {{ bytes: Uint8Array | undefined, offset: number, total: number, onPart: (offset: number) => void,
 *   onSave: () => void }} Props
 * @extends {Component<Props, { wanted: Form | undefined }>}
 */
export class DataPane extends Component {
  /** @type {{ wanted: Form | undefined }} */
  state = { wanted: undefined }

  render() {
    const { bytes, offset, total, onPart, onSave } = this.props
    if (bytes === undefined) return html`<h3>Data</h3><p class="quiet">No data (null).</p>`
    if (total === 0) return html`<h3>Data</h3><p class="quiet">Empty.</p>`
    const isCutBehind = offset + bytes.length < total
    const forms = formsOf(bytes, offset, isCutBehind)
    const [before, behind] = [offset - DATA_PART, offset + DATA_PART]
    const { wanted } = this.state
    const form = wanted !== undefined && forms[wanted] !== undefined ? wanted : best(forms)
    return html`<div class="data">
      <div class="data-head">
        <h3>Data</h3>
        <fieldset class="choice"><legend class="hidden">Show data as</legend>
          ${
            /** @type {Form[]} */ (['json', 'text', 'hex']).map(
              (name) => html`<label key=${name} class=${forms[name] === undefined ? 'off' : ''}>
              <input type="radio" name="form" value=${name} checked=${form === name} disabled=${forms[name] === undefined}
                onChange=${() => this.setState({ wanted: name })} />${name === 'json' ? 'JSON' : name}
            </label>`,
            )
          }
        </fieldset>
        <button type="button" onClick=${onSave}>Save as a file</button>
      </div>
      ${
        isCutBehind || offset > 0
          ? html`<p class="note part">
        Bytes ${offset.toLocaleString('en')} to ${(offset + bytes.length).toLocaleString('en')} of ${bytesText(total)} are shown.
        <button type="button" ...${idle(offset === 0)} onClick=${() => offset > 0 && onPart(Math.max(0, before))}>Previous part</button>
        <button type="button" ...${idle(!isCutBehind)} onClick=${() => isCutBehind && onPart(behind)}>Next part</button>
      </p>`
          : null
      }
      <pre tabindex="0" class=${form} aria-label=${`Data as ${form}`}>${forms[form]}</pre>
    </div>`
  }
}

/** @param {Uint8Array} bytes @param {number} offset @param {boolean} isCutBehind @returns {Record<Form, string | undefined>} */
function formsOf(bytes, offset, isCutBehind) {
  const text = toText(bytes, { isCutBefore: offset > 0, isCutBehind })
  const isWhole = offset === 0 && !isCutBehind
  const json = text === undefined || !isWhole ? undefined : toJson(text)
  return {
    json: json && visibleLines(json),
    text: text === undefined ? undefined : visibleLines(text),
    hex: toHex(bytes, offset),
  }
}

/** Text with many controls in it is none that anybody reads. @param {Record<Form, string | undefined>} forms @returns {Form} */
function best({ json, text }) {
  if (json !== undefined) return 'json'
  return text !== undefined && !text.includes('\\u{0}') ? 'text' : 'hex'
}
