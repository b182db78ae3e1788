/**
 * The focus is always somewhere: where what has it goes, or is disabled, its neighbour gets it. A browser would put it at the body, and
 * whoever has no mouse would begin at the top again. Neighbours: main (starts it), tree-view and edit-forms (know better heirs).
 */

const FOCUSABLE =
  'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, [tabindex="0"]'

/** An element above the one that has the focus, and which of its children leads there. @typedef {{ above: Element, at: number }} Step */

/** @param {Element} element @returns {boolean} Tab leads there */
const isTabStop = (element) =>
  element.matches(FOCUSABLE) && element instanceof HTMLElement && element.tabIndex >= 0

/** What Tab leads to in it, itself included. @param {Element} element @returns {HTMLElement[]} */
const stopsIn = (element) =>
  /** @type {HTMLElement[]} */ ([element, ...element.querySelectorAll(FOCUSABLE)].filter(isTabStop))

/**
 * What is where the lost one was: behind it, else before it, else above both. A view that was replaced has the focus itself.
 * @param {readonly Step[]} steps from the nearest one up
 */
function heirOf(steps) {
  for (const { above, at } of steps) {
    if (!above.isConnected) continue
    if (above.matches('main') || above.querySelector('main') !== null) break
    const children = [...above.children]
    const heir =
      children.slice(at).flatMap(stopsIn)[0] ?? children.slice(0, at).flatMap(stopsIn).at(-1)
    if (heir !== undefined) return heir
  }
  const main = document.querySelector('main')
  if (!(main instanceof HTMLElement)) return undefined
  return main.tabIndex < 0 && main.hasAttribute('tabindex') ? main : stopsIn(main)[0]
}

/** From now on, below `place`. @param {HTMLElement} place */
export function keepFocus(place) {
  /** What has the focus, or had it last. @type {HTMLElement | undefined} */
  let holder
  /** @type {Step[]} */
  let steps = []

  const note = () => {
    const active = document.activeElement
    if (!(active instanceof HTMLElement) || !place.contains(active)) return false
    if (active.matches(':disabled')) return false
    holder = active
    steps = []
    for (let at = /** @type {Element} */ (active); at !== place; ) {
      const above = /** @type {Element} */ (at.parentElement)
      steps.push({ above, at: [...above.children].indexOf(at) })
      at = above
    }
    return true
  }

  const mend = () => {
    if (note() || holder === undefined) return
    if (holder.isConnected && !holder.matches(':disabled')) return
    heirOf(steps)?.focus()
  }

  document.addEventListener('focusin', note)
  // Whoever clicks beside everything wants the focus nowhere.
  document.addEventListener('click', () => {
    if (document.activeElement === document.body) holder = undefined
  })
  new MutationObserver(mend).observe(place, {
    ...{ childList: true, subtree: true },
    attributes: true,
    attributeFilter: ['disabled'],
  })
}
