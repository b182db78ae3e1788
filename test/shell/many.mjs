/**
 * Many commands of the built program in one process, one after the other: a process for each takes half a second. Lines of
 * arguments come as JSON on stdin; what each wrote and its exit code go as JSON to stdout.
 */
import { main } from '../../dist/cli/main.js'

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)

const write = process.stdout.write.bind(process.stdout)
let now
const into = (name) => (chunk, encoding, done) => {
  now[name] += Buffer.from(chunk).toString()
  const called = typeof encoding === 'function' ? encoding : done
  called?.()
  return true
}
// Each command adds listeners, as its process has no other.
process.stdout.setMaxListeners(0)
process.stdout.write = into('out')
process.stderr.write = into('err')

const ended = []
for (const args of JSON.parse(Buffer.concat(chunks).toString())) {
  now = { args, out: '', err: '', code: 0 }
  process.exitCode = 0
  now.code = (await main(args)) ?? process.exitCode
  ended.push(now)
}
// A store that did not answer in time is still being opened.
write(JSON.stringify(ended), () => process.exit(0))
