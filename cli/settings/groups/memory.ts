/** Settings: the memory of this process. */
import { InvalidArgumentError } from 'commander'
import { pageBytes, SOFT_LIMIT_DEFAULT } from '../../memory.ts'
import { keeperBound } from '../make.ts'
import { whole } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

export function parseSoftLimit(text: string): number {
  const value = Number(text)
  const isRatio = /^(0?\.\d+|0|1)$/.test(text)
  if (isRatio || (/^\d+$/.test(text) && Number.isSafeInteger(value))) return value
  throw new InvalidArgumentError(
    'expected a part of the heap, e.g. 0.7, or a number of bytes, or 0.',
  )
}

export const memorySoftLimit: Setting<number> = {
  name: 'memory-soft-limit',
  value: '<n>',
  text: 'refuse what makes the tree larger above this part of the heap, or so many bytes; 0: never (max_memory_usage_soft_limit)',
  parse: parseSoftLimit,
  default: SOFT_LIMIT_DEFAULT,
}

const loadPageBytes: Setting<number> = {
  name: 'load-page-bytes',
  value: '<n>',
  text: 'bytes of a page while the tree is loaded: two are in memory',
  parse: whole(4_096),
  derive: () => pageBytes(),
  defaultText: '1/64 of the heap, at most 8388608',
  keeper: (bytes) => ({ loadPageBytes: bytes }),
}

const loadPage = keeperBound('max-load-page', 'loadPageKeysMax', {
  value: '<n>',
  text: 'keys of such a page',
})

export const memory: Group = {
  title: 'Memory',
  settings: [memorySoftLimit, loadPageBytes, loadPage],
}
