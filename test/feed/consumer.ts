/**
 * A consumer as anybody would write one: what it made of each change and where to resume lie in one file, in one
 * write. Killed at any moment, it resumes at the last whole line. Arguments: a store, or zk:// and the servers; a file; the
 * super user's name and password, for servers.
 */
import { existsSync, openSync, truncateSync, writeSync } from 'node:fs'
import { openStore } from '../../adapters/index.ts'
import { type ChangesSource, connect, Keeper } from '../../lib/index.ts'
import { lastLine, lineOf } from './line.ts'

const [url = '', path = '', digest = ''] = process.argv.slice(2)
/** A write to the file has no more. */
const LINES_MAX = 500

function resume(): string | undefined {
  if (!existsSync(path)) return undefined
  const { line, end } = lastLine(path)
  truncateSync(path, end)
  return line.split(' ')[2]
}

async function open(): Promise<ChangesSource> {
  if (url.startsWith('zk://')) return connect(url, { digest })
  const limits = { journalKeptBytesMax: 16 * 1024 * 1024, journalKeptEntriesMax: 100_000 }
  return Keeper.open({ store: await openStore(url), limits })
}

const from = resume()
const startMs = performance.now()
const source = await open()
const file = openSync(path, 'a')
console.log(`open after ${Math.round(performance.now() - startMs)} ms`)
setInterval(() => console.log(`rss ${process.memoryUsage.rss()}`), 500)

let lines = ''
let count = 0
function write(): void {
  if (lines !== '') writeSync(file, lines)
  lines = ''
  count = 0
}
setInterval(write, 20)
for await (const record of source.changes({ from })) {
  if (record.kind === 'live') lines += `${record.zxid} live ${record.position}\n`
  if (record.kind === 'change') lines += lineOf(record)
  if (record.kind !== 'snapshot' && ++count >= LINES_MAX) write()
}
