import { expect } from 'chai'
import type { Row } from './attack-run.ts'
import { cell, type Entry, line, table } from './table.ts'

const seen = { answered: 9, p50Ms: 1, p99Ms: 20, maxMs: 1_234, failed: 0, disconnected: 0 }
const row: Row = {
  attack: 'a flood',
  outcome: '3 × 0',
  seconds: 2,
  calm: { ...seen, p99Ms: 4.56 },
  bystander: seen,
  recoveryMs: 250,
  newClientMs: 12,
  memory: { before: 30, peak: 50, after: 40 },
}
const entry: Entry = {
  peer: 'anykeeper, file',
  attack: 'a flood',
  date: '2026-01-02T03:04:05.678Z',
  load: 3.4,
  cpu: '2 × a processor',
  node: '20.0.0',
  row,
  restartMs: 900,
}
const broken: Entry = { ...entry, broken: 'the server process ended' }
delete (broken as { row?: Row }).row

describe('table of attacks', () => {
  it('a cell has p99 before and during, the longest wait, failures, recovery and memory', () => {
    expect(cell([entry])).to.equal('5 → 20 / 1,234; 0; 250; 30 → 50 → 40')
  })

  it('several runs are shown as a span, what failed is marked', () => {
    const bystander = { ...seen, p99Ms: 90, failed: 2 }
    const memory = { before: 30, peak: 90, after: 41 }
    const more = { ...row, bystander, memory, storeMemory: row.memory }
    const worse: Entry = { ...entry, row: more }
    expect(cell([entry, worse])).to.equal(
      '5 → 20–90 / 1,234; **0–2**; 250; 30 → 90 → 41; store 30 → 50 → 40',
    )
    const { recoveryMs: _, ...rest } = row
    const never: Entry = { ...entry, row: { ...rest, recoveryMs: undefined } }
    expect(cell([never])).to.include('**not in 30 s**')
  })

  it('a server that ended, or does not start again, is no row of figures', () => {
    expect(cell([])).to.equal('–')
    expect(cell([entry, broken])).to.equal('**the server process ended**')
    expect(cell([{ ...broken, restartFailed: 'does not start again' }])).to.equal(
      '**the server process ended, and does not start again**',
    )
    expect(line(broken)).to.include('BROKEN: the server process ended')
    expect(cell([{ ...entry, restartFailed: 'does not start again' }])).to.include('start again**')
  })

  it('says when and where, one line an attack, and what is off by default', () => {
    const off: Entry = { ...broken, peer: 'ZooKeeper', attack: 'words', off: 'they are off' }
    expect(table([entry, off]).split('\n')).to.deep.equal([
      '- Date: 2026-01-02 03:04 to 2026-01-02 03:04 UTC',
      '- Machine: 2 × a processor; load average 3; Node 20.0.0',
      '',
      '| attack | anykeeper, file | ZooKeeper |',
      '| --- | --- | --- |',
      '| a flood | 5 → 20 / 1,234; 0; 250; 30 → 50 → 40 | – |',
      '| words (1) | – | **the server process ended** |',
      '',
      '(1) they are off.',
    ])
  })
})
