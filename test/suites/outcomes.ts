/** What came out of a suite on one server, and whether it is what docs/suites.md says. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

export interface Outcome {
  name: string
  ok: boolean
  /** What went wrong. */
  detail: string
}

export interface BedOutcomes {
  /** Of the test bed. */
  bed: string
  outcomes: readonly Outcome[]
}

const document = new URL('../../docs/suites.md', import.meta.url)

/** One JSON object a line; lines of anything else are left out. */
export function parseOutcomes(output: string): Outcome[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

/** Names that passed, sorted. */
export function passed(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ ok }) => ok)
    .map(({ name }) => name)
    .sort()
}

/** The names in the first column of the table below a heading of docs/suites.md, sorted. */
export function documented(heading: string): string[] {
  return rows(heading)
    .map(([name]) => name!)
    .sort()
}

/** The cells of that table without its head; code marks are taken off. */
export function rows(heading: string): string[][] {
  const text = readFileSync(document, 'utf8')
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/suites.md has no heading "${heading}"`)
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

/** Fails with every check that did not pass, and with what each said. */
export function expectAllPassed({ bed, outcomes }: BedOutcomes): void {
  const failed = outcomes.filter(({ ok }) => !ok)
  const lines = failed.map(({ name, detail }) => `${name}: ${detail}`)
  expect(lines, `failed on ${bed}`).to.deep.equal([])
}
