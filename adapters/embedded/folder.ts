/**
 * The file FORMAT beside the data file: it marks the folder as anykeeper's and names the format.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { damaged, fromFileSystem, unusable } from './errors.ts'
import { makeFolder } from './make-folder.ts'
import { FORMAT } from './records.ts'

const SENTENCE = 'anykeeper file store, format '

export const dataFile = (folder: string): string => join(folder, 'data.mdb')
const formatFile = (folder: string): string => join(folder, 'FORMAT')

/** Creates the folder if it is absent. @throws {StoreError} when this user cannot write in it */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700)
    const probe = join(folder, `.writable-${process.pid}`)
    try {
      writeFileSync(probe, 'x')
    } finally {
      rmSync(probe, { force: true })
    }
  } catch (error) {
    throw fromFileSystem(error, folder)
  }
}

/** Is there data? @throws {StoreError} when it is not anykeeper's, or of another format */
export function hasData(folder: string): boolean {
  const isThere = (statSync(dataFile(folder), { throwIfNoEntry: false })?.size ?? 0) > 0
  if (!existsSync(formatFile(folder))) return isThere
  const text = readFileSync(formatFile(folder), 'utf8')
  const format = Number(text.startsWith(SENTENCE) ? text.slice(SENTENCE.length) : Number.NaN)
  if (!Number.isSafeInteger(format)) throw damaged(folder, 'the file FORMAT says something else')
  checkFormat(folder, format)
  if (!isThere) throw damaged(folder, 'data.mdb is gone')
  return true
}

/** Refuses every other format: reading it as this one would ruin it. */
export function checkFormat(folder: string, format: number): void {
  if (format === FORMAT) return
  throw unusable(
    `${folder} was written in format ${format}, this version of anykeeper reads format ${FORMAT}: ` +
      'use the version that wrote it, or a newer one',
  )
}

/** Writes FORMAT, once the data file is complete. */
export function writeFormat(folder: string): void {
  if (existsSync(formatFile(folder))) return
  const temporary = `${formatFile(folder)}.new`
  writeFileSync(temporary, `${SENTENCE}${FORMAT}\n`, { flush: true })
  renameSync(temporary, formatFile(folder))
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
