/**
 * A process that holds a lock, and says ten times a second whether it does. Arguments: the URL of its servers, path, and `unref`: it lets go
 * of the process once it is suspended.
 */
import { connect, Mutex } from '../../lib/index.ts'

const [url = '', path = '', word] = process.argv.slice(2)
const client = await connect(url, { timeoutMs: 4_000 })
const held = await new Mutex(client, path).acquire()
console.log(`token ${held.token}`)
held.signal.addEventListener('abort', () => console.log(`lost ${held.signal.reason.code}`))
const timer = setInterval(() => console.log(`held ${held.isHeld}`), 100)
client.onStateChange((state) => {
  console.log(state)
  if (word !== 'unref' || state !== 'suspended') return
  timer.unref()
  client.unref()
})
