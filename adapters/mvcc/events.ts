/** What watches ask of an event. Neighbours: handle.ts, ../redis/feed.ts. */
import { compareBytes } from '../../lib/store/bytes.ts'
import type { Key, StoreEvent } from '../../lib/store/types.ts'

/** Is the event's key in [start, end)? */
export function isInRange(event: StoreEvent, start: Key, end: Key): boolean {
  const key = event.type === 'put' ? event.kv.key : event.key
  return compareBytes(key, start) >= 0 && compareBytes(key, end) < 0
}
