/** Which page of a list is shown: the cursors of those before it, so that one can go back. Pure. */

/** @typedef {{ before: readonly (string | undefined)[], cursor: string | undefined }} Place */

/** @type {Place} */
export const FIRST_PAGE = { before: [], cursor: undefined }

/** @param {Place} place @param {string} next @returns {Place} */
export const pageBehind = ({ before, cursor }, next) => ({
  before: [...before, cursor],
  cursor: next,
})

/** @param {Place} place @returns {Place} */
export const pageBefore = ({ before }) => ({ before: before.slice(0, -1), cursor: before.at(-1) })

/** From a name on, whether or not there is one. @param {string} name @returns {Place} */
export function pageFrom(name) {
  if (name === '') return FIRST_PAGE
  // A cursor is the name before: nothing lies between this one and `name`.
  const last = name.charCodeAt(name.length - 1) - 1
  const head = name.slice(0, -1)
  return { before: [undefined], cursor: `${head}${String.fromCharCode(last)}\uffff` }
}
