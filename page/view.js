/**
 * What all views share: markup as templates, and small pieces of it. A template makes elements and text nodes, never markup from text:
 * names and data of znodes are written by others.
 */
import htm from 'htm'
import { Component, h, render } from 'preact'
import { visible } from './text.js'

export { Component, render }

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = /** @type {any} */ (htm).bind(h)

/** A name or a path as it is, but for what cannot be seen or changes the direction of what is beside it. @param {string} text */
export const named = (text) => html`<bdi class="name">${visible(text)}</bdi>`

/** Where a znode is shown. @param {string} path */
export const treeLink = (path) => `#/tree?${new URLSearchParams({ path })}`

/** @param {string} id */
export const sessionLink = (id) => `#/sessions?${new URLSearchParams({ id })}`

/** As a `ref`: the focus goes there when it appears. @param {Element | null} element */
export const focused = (element) => {
  if (element instanceof HTMLElement) element.focus()
}

/** Of a button that does nothing at present: it keeps the focus, which `disabled` would take. @param {boolean} isIdle */
export const idle = (isIdle) => ({ 'aria-disabled': isIdle ? 'true' : undefined })

/** The rights of an ACL entry, by their bits. */
export const PERMS = ['read', 'write', 'create', 'delete', 'admin']

/** What stands behind the name of a digest can be used to search for the password. @param {string} scheme @param {string} id */
export const shownId = (scheme, id) => (scheme === 'digest' ? `${id.split(':')[0]}:…` : id)

/** @param {{ error: string | undefined }} props */
export const Trouble = ({ error }) =>
  error === undefined ? null : html`<p class="trouble" role="alert">${error}</p>`

/**
 * Two columns of names and values.
 * @param {{ rows: [name: string, value: any][] }} props
 */
export const Facts = ({ rows }) => html`<dl class="facts">
  ${rows
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`

/**
 * A list, page by page.
 * @param {{ hasBefore: boolean, hasMore: boolean, onFirst: () => void, onBefore: () => void, onMore: () => void }} props
 */
export const Pager = ({ hasBefore, hasMore, onFirst, onBefore, onMore }) =>
  hasBefore || hasMore
    ? html`<nav class="pager" aria-label="Pages">
        <button type="button" ...${idle(!hasBefore)} onClick=${hasBefore ? onFirst : undefined}>First</button>
        <button type="button" ...${idle(!hasBefore)} onClick=${hasBefore ? onBefore : undefined}>Previous</button>
        <button type="button" ...${idle(!hasMore)} onClick=${hasMore ? onMore : undefined}>Next</button>
      </nav>`
    : null
