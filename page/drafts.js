/**
 * What was typed or chosen and is not saved yet, with the version that it is based on: kept until it is saved or discarded, also where
 * another znode is looked at meanwhile.
 */

/**
 * @typedef {{ czxid: number, version: number }} Base of the data its version, of the ACL its aversion
 * @typedef {Base & { text: string }} TextDraft
 * @typedef {Base & { bytes: Uint8Array, name: string }} FileDraft
 * @typedef {{ scheme: string, id: string, perms: number, isKept: boolean }} Entry `isKept`: it was in the ACL, and its id stays
 * @typedef {Base & { entries: readonly Entry[] }} AclDraft
 */

/** @template T */
class Drafts {
  /** @type {Map<string, T>} */
  #byPath = new Map()

  /** @param {string} path */
  get(path) {
    return this.#byPath.get(path)
  }

  /** @param {string} path @param {T | undefined} draft undefined: it is forgotten */
  keep(path, draft) {
    if (draft === undefined) this.#byPath.delete(path)
    else this.#byPath.set(path, draft)
  }
}

/** @type {Drafts<TextDraft | FileDraft>} */
export const dataDrafts = new Drafts()
/** @type {Drafts<AclDraft>} */
export const aclDrafts = new Drafts()

/** The znode has another version by now, or is another one. @param {Base} draft @param {Base} now */
export const isOther = (draft, { version, czxid }) =>
  version !== draft.version || czxid !== draft.czxid

/** Something was typed for this znode, and is not saved. @param {string} path */
export const hasDraft = (path) =>
  dataDrafts.get(path) !== undefined || aclDrafts.get(path) !== undefined
