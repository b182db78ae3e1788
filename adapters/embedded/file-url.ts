/** `file:./data`, `file:/var/lib/anykeeper?mapSize=4GiB`: the folder and its settings. */
import { resolve } from 'node:path'
import { StoreError } from '../../lib/model/errors.ts'
import { unusable } from './errors.ts'

export interface ParsedFileUrl {
  /** Absolute. */
  readonly folder: string
  /** Bound of the data file. Unit: bytes. */
  readonly mapBytes?: number
}

const UNITS: Record<string, number> = {
  '': 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** @throws {StoreError} STORE_INVALID when it is not such a URL; STORE_UNAVAILABLE when it is relative to a folder that was deleted */
export function parseFileUrl(url: string): ParsedFileUrl {
  const match = /^file:(?:\/\/(?=\/))?([^?#]*)(?:\?(.*))?$/.exec(url)
  let path: string
  try {
    path = decodeURIComponent(match?.[1] ?? '')
  } catch {
    throw invalid('its path is not percent-encoded rightly')
  }
  if (path === '' || path.startsWith('//') || path.includes('\0')) {
    throw invalid('a file URL looks like file:./data or file:/var/lib/anykeeper')
  }
  let mapBytes: number | undefined
  for (const [name, value] of new URLSearchParams(match?.[2] ?? '')) {
    if (name !== 'mapSize') throw invalid(`there is no parameter "${name}", only mapSize`)
    mapBytes = readSize(value)
  }
  return {
    folder: absolutePath('store URL', path),
    ...(mapBytes === undefined ? {} : { mapBytes }),
  }
}

/** @throws {StoreError} STORE_UNAVAILABLE, not retriable: it is relative to a folder that was deleted */
export function absolutePath(what: string, path: string): string {
  try {
    return resolve(path)
  } catch (error) {
    throw unusable(
      `${what}: ${path} is relative, and the current folder was deleted: write an absolute path`,
      error,
    )
  }
}

function readSize(text: string): number {
  const match = /^(\d+)([kmgt]ib)?$/i.exec(text)
  const bytes =
    match === null ? Number.NaN : Number(match[1]) * UNITS[(match[2] ?? '').toUpperCase()]!
  if (!Number.isSafeInteger(bytes) || bytes < 2 ** 20) {
    throw invalid(`mapSize is a number of bytes of at least 1MiB, such as 4GiB, not "${text}"`)
  }
  return bytes
}

function invalid(message: string): StoreError {
  return new StoreError('STORE_INVALID', `store URL: ${message}`)
}
