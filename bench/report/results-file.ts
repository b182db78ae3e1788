/**
 * bench/results.md: each suite replaces what it measured itself, between two marks; what people
 * wrote around that stays.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const RESULTS = new URL('../results.md', import.meta.url)

const begin = (suite: string): string => `<!-- measured by: npm run bench -- ${suite} -->`
const end = (suite: string): string => `<!-- end of ${suite} -->`

/** @throws {Error} when one mark of a suite is there without the other. */
export function replaceSection(text: string, suite: string, measured: string): string {
  const block = `${begin(suite)}\n\n${measured.trim()}\n\n${end(suite)}`
  const from = text.indexOf(begin(suite))
  const to = text.indexOf(end(suite))
  if (from < 0 && to < 0) return `${text === '' ? '# Bench results\n' : text}\n${block}\n`
  if (from < 0 || to < from) throw new Error(`results.md: the marks of "${suite}" do not match`)
  return `${text.slice(0, from)}${block}${text.slice(to + end(suite).length)}`
}

export function writeSection(suite: string, measured: string): void {
  const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
  writeFileSync(RESULTS, replaceSection(old, suite, measured))
}
