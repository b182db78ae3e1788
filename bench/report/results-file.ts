/**
 * bench/results.md, and growth.md: each suite replaces what it measured itself, between two marks; what people
 * wrote around that stays.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Of suites whose tables are long; all others are in results.md. */
const FILES: Readonly<Record<string, string>> = { growth: 'growth.md', move: 'growth.md' }
const fileOf = (suite: string): URL =>
  new URL(`../${FILES[suite] ?? 'results.md'}`, import.meta.url)

const begin = (suite: string): string => `<!-- measured by: npm run bench -- ${suite} -->`
const end = (suite: string): string => `<!-- end of ${suite} -->`

/** @throws {Error} when one mark of a suite is there without the other. */
export function replaceSection(text: string, suite: string, measured: string): string {
  const block = `${begin(suite)}\n\n${measured.trim()}\n\n${end(suite)}`
  const from = text.indexOf(begin(suite))
  const to = text.indexOf(end(suite))
  if (from < 0 && to < 0) return `${text === '' ? '# Bench results\n' : text}\n${block}\n`
  if (from < 0 || to < from) throw new Error(`results: the marks of "${suite}" do not match`)
  return `${text.slice(0, from)}${block}${text.slice(to + end(suite).length)}`
}

export function writeSection(suite: string, measured: string): void {
  const file = fileOf(suite)
  const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
  writeFileSync(file, replaceSection(old, suite, measured))
}
