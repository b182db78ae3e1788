/** ACLs as zkCli writes them: `world:anyone:cdrwa,digest:user:hash=:r`. Source: AclParser. */
import { type Acl, PERMS } from '../../lib/index.ts'
import { UsageError } from '../flags.ts'

const LETTERS = [
  ['c', PERMS.CREATE],
  ['d', PERMS.DELETE],
  ['r', PERMS.READ],
  ['w', PERMS.WRITE],
  ['a', PERMS.ADMIN],
] as const

/** Ids may have commas and colons: an entry ends behind its permissions. */
const BETWEEN = /(?<=:[cdrwa]*),(?=[a-z0-9]+:)/
const ENTRY = /^([^:]+):(.*):([cdrwa]*)$/s

/** @throws {UsageError} with the entry that is wrong */
export function parseAcl(text: string): Acl[] {
  return text.split(BETWEEN).map((entry) => {
    const [, scheme, id, letters] = ENTRY.exec(entry) ?? []
    if (scheme === undefined || id === undefined || letters === undefined) {
      throw new UsageError(
        `${JSON.stringify(entry)} is no entry of an ACL: write scheme:id:cdrwa, e.g. world:anyone:r`,
      )
    }
    let perms = 0
    for (const [letter, perm] of LETTERS) if (letters.includes(letter)) perms |= perm
    return { perms, id: { scheme, id } }
  })
}

export function permsText(perms: number): string {
  return LETTERS.map(([letter, perm]) => ((perms & perm) !== 0 ? letter : '')).join('')
}

/** One entry, as {@link parseAcl} takes it. */
export function aclText({ perms, id }: Acl): string {
  return `${id.scheme}:${id.id}:${permsText(perms)}`
}
