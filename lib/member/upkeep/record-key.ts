/** Which record a key is of, and whether its bytes are what the replica says. Neighbour: record-check. */
import { type Layout, sessionName, sessionNamed } from '../../format/layout.ts'
import {
  decodeChildRecord,
  decodeSession,
  decodeZnode,
  encodeChildRecord,
  encodeSession,
  encodeZnode,
} from '../../format/record.ts'
import type { Key } from '../../store/types.ts'
import { writeRecord } from '../commit/flush.ts'
import type { Dirty } from '../tree/backlog.ts'
import { isDerived } from '../tree/quota.ts'
import type { Replica } from '../tree/replica.ts'

/** undefined: no key that a proxy writes. */
export function parseRecordKey(layout: Layout, key: Key): Dirty | undefined {
  switch (String.fromCharCode(key[Buffer.byteLength(layout.prefix) + 1] ?? 0)) {
    case 'n':
      return named('n', layout.pathOf(key))
    case 'c':
      return named('c', layout.pathOf(key))
    case 's': {
      const id = layout.sessionOf(key)
      return named('s', id === undefined ? undefined : sessionName(id))
    }
    default:
      return isSame(layout.epochs, key) ? { kind: 'e', name: '' } : undefined
  }
}

function named(kind: Dirty['kind'], name: string | undefined): Dirty | undefined {
  return name === undefined ? undefined : { kind, name }
}

/** true, or what has happened to it. */
export function isAsWritten(
  replica: Replica,
  layout: Layout,
  dirty: Dirty,
  value: Uint8Array,
): true | 'altered' | 'invented' {
  const op = writeRecord(replica, layout, dirty)
  if (op.type !== 'put') return 'invented'
  if (isSame(op.value, value)) return true
  if (dirty.kind === 'n' && isDerived(dirty.name)) {
    return isSame(headerOf(op.value), headerOf(value)) ? true : 'altered'
  }
  // Other versions may have written the same with other bytes.
  const again = encodedAgain(dirty, value)
  return again !== undefined && isSame(op.value, again) ? true : 'altered'
}

/** undefined: it cannot be read. */
function encodedAgain({ kind, name }: Dirty, value: Uint8Array): Uint8Array | undefined {
  try {
    switch (kind) {
      case 'n':
        return encodeZnode(decodeZnode(value, name))
      case 'c':
        return encodeChildRecord(decodeChildRecord(value, name))
      case 's':
        return encodeSession(decodeSession(value, sessionNamed(name)))
      case 'e':
        return undefined
    }
  } catch {
    return undefined
  }
}

/** Can its bytes be read as what its key says? */
export function isRecord(dirty: Dirty, value: Uint8Array): boolean {
  return dirty.kind === 'e' || encodedAgain(dirty, value) !== undefined
}

/** Without the data. */
function headerOf(value: Uint8Array): Uint8Array {
  return value.subarray(0, value.indexOf(10) + 1)
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
