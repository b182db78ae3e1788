/**
 * Follows every change below a path, and resumes where it was when it was stopped or killed. What it makes of a change
 * is a line of output; a real one stores that together with the position, so that each change counts once.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type ChangeRecord, ChangesError, Keeper } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

const file = process.env.POSITION_FILE ?? 'follow-changes.position'
const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

let position = existsSync(file) ? readFileSync(file, 'utf8') : undefined

function show(record: ChangeRecord): void {
  if (record.kind === 'snapshot') {
    for (const { path, stat } of record.znodes) console.log(`there: ${path} ${stat.version}`)
    return
  }
  if (record.kind === 'change') {
    for (const op of record.ops) if ('path' in op) console.log(`${op.op}: ${op.path}`)
  }
  position = record.position
  // Whole or not at all, also if this process is killed here.
  writeFileSync(`${file}.new`, position)
  renameSync(`${file}.new`, file)
}

while (!stop.signal.aborted) {
  console.log(position === undefined ? 'from a snapshot' : 'resumed')
  try {
    const { signal } = stop
    for await (const record of keeper.changes({ from: position, prefix: '/app', signal })) {
      show(record)
    }
  } catch (error) {
    if (!(error instanceof ChangesError)) throw error
    // Away for too long, or the history went back: begin again with what is there.
    position = error.code === 'CHANGES_GONE' ? undefined : error.position
  }
}
await keeper.close()
await store.close()
