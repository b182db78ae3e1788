/**
 * The one list of what travels on the wire: opcode → codec of its two records. The tables of
 * decode-request, encode-request and decode-reply are made of it.
 */

import { OP } from '../../model/request.ts'
import { addWatch } from '../record/add-watch.ts'
import { auth } from '../record/auth.ts'
import { closeSession, ping } from '../record/bare.ts'
import { check } from '../record/check.ts'
import type { Codec } from '../record/codec.ts'
import { create, create2, createContainer, createTtl } from '../record/create.ts'
import { remove, removeContainer } from '../record/delete.ts'
import { exists } from '../record/exists.ts'
import { getAcl } from '../record/get-acl.ts'
import { getAllChildrenNumber } from '../record/get-all-children-number.ts'
import { getChildren, getChildren2 } from '../record/get-children.ts'
import { getData } from '../record/get-data.ts'
import { getEphemerals } from '../record/get-ephemerals.ts'
import { multi } from '../record/multi.ts'
import { multiRead } from '../record/multi-read.ts'
import { reconfig } from '../record/reconfig.ts'
import { checkWatches, removeWatches } from '../record/remove-watches.ts'
import { sasl } from '../record/sasl.ts'
import { setAcl } from '../record/set-acl.ts'
import { setData } from '../record/set-data.ts'
import { setWatches, setWatches2 } from '../record/set-watches.ts'
import { sync } from '../record/sync.ts'
import { whoAmI } from '../record/who-am-i.ts'

/* Missing are createSession (−10) and error (−1): no client sends them. */
export const CODECS = {
  [OP.create]: create,
  [OP.delete]: remove,
  [OP.exists]: exists,
  [OP.getData]: getData,
  [OP.setData]: setData,
  [OP.getACL]: getAcl,
  [OP.setACL]: setAcl,
  [OP.getChildren]: getChildren,
  [OP.sync]: sync,
  [OP.ping]: ping,
  [OP.getChildren2]: getChildren2,
  [OP.check]: check,
  [OP.multi]: multi,
  [OP.create2]: create2,
  [OP.reconfig]: reconfig,
  [OP.checkWatches]: checkWatches,
  [OP.removeWatches]: removeWatches,
  [OP.createContainer]: createContainer,
  [OP.deleteContainer]: removeContainer,
  [OP.createTTL]: createTtl,
  [OP.multiRead]: multiRead,
  [OP.auth]: auth,
  [OP.setWatches]: setWatches,
  [OP.sasl]: sasl,
  [OP.getEphemerals]: getEphemerals,
  [OP.getAllChildrenNumber]: getAllChildrenNumber,
  [OP.setWatches2]: setWatches2,
  [OP.addWatch]: addWatch,
  [OP.whoAmI]: whoAmI,
  [OP.closeSession]: closeSession,
} as const satisfies { readonly [op: number]: Codec }

/** closeSession (−11): the least opcode a client sends. */
export const LEAST_OP: number = OP.closeSession

/** One function of every codec, at index op − LEAST_OP: V8 finds it without hashing. */
export function tableOf<F>(pick: (codec: Codec) => F | undefined): readonly (F | undefined)[] {
  const table: (F | undefined)[] = []
  for (let op = LEAST_OP; op <= OP.whoAmI; op++) table.push(undefined)
  for (const codec of Object.values<Codec>(CODECS)) table[codec.op - LEAST_OP] = pick(codec)
  return table
}
