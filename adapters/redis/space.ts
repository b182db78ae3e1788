/** How much of its maxmemory Redis has left. Neighbours: redis-store.ts, settings.ts. */
import { StoreError } from '../../lib/model/errors.ts'
import type { StoreSpace } from '../../lib/store/types.ts'
import type { Commands } from './link.ts'

const REMEDY =
  'delete what is not needed, or raise maxmemory: redis-cli CONFIG SET maxmemory <bytes>'

/**
 * Redis counts a command's own bytes and buffers while it judges the command, and INFO never sees those: it refuses a
 * command of 1 KB for good with `used_memory` 500 bytes below maxmemory. Unit: bytes.
 */
const COMMAND_BYTES = 64 * 1024

/** @throws {StoreError} STORE_UNSUPPORTED when the server does not report its memory */
export async function readSpace(commands: Commands): Promise<StoreSpace> {
  const info = String(await commands.command('INFO', 'memory'))
  const number = (name: string): number | undefined => {
    const text = new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(info)?.[1]
    return text === undefined ? undefined : Number(text)
  }
  const used = number('used_memory')
  if (used === undefined) {
    throw new StoreError('STORE_UNSUPPORTED', 'redis: the server does not report its memory')
  }
  // What Redis itself compares with maxmemory.
  const usedBytes = Math.max(0, used - (number('mem_not_counted_for_evict') ?? 0))
  const maxBytes = number('maxmemory') || undefined
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? ''
  return {
    usedBytes,
    inUseBytes: usedBytes,
    maxBytes,
    isFull: maxBytes !== undefined && usedBytes + COMMAND_BYTES > maxBytes,
    hasHistory: true,
    remedy: policy.startsWith('allkeys-')
      ? `maxmemory-policy was set to ${policy}, so the server throws the data away: set it to noeviction`
      : REMEDY,
  }
}
