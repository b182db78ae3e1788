/** Where `npm start` keeps the data: what the user named, or nothing named yet. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 5000

/**
 * `store` undefined: nothing was named. Else what to add to the arguments of `serve`. What was named
 * must answer: with another store in its place the data would seem lost.
 *
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{store?: {args: string[]}}>}
 */
export async function chooseStore(args, env) {
  const given = storeOfArguments(args)
  if (given !== undefined) {
    await mustAnswer(given, '--store')
    return { store: { args: [] } }
  }
  if (env.ANYKEEPER_STORE) {
    await mustAnswer(env.ANYKEEPER_STORE, 'ANYKEEPER_STORE')
    return { store: { args: [] } }
  }
  if (env.ETCD) {
    const store = `etcd://${env.ETCD.replaceAll(/[a-z]+:\/\//g, '')}`
    await mustAnswer(store, 'ETCD')
    return { store: { args: ['--store', store] } }
  }
  return {}
}

function storeOfArguments(args) {
  for (const [index, arg] of args.entries()) {
    if (arg === '--store') return args[index + 1] ?? ''
    if (arg.startsWith('--store=')) return arg.slice('--store='.length)
  }
  return undefined
}

/** Only etcd's addresses are tried, and one that answers is enough. */
async function mustAnswer(store, where) {
  const match = /^etcd:\/\/(?:[^@/]*@)?([^/?]+)/.exec(store)
  if (match === null) return
  const endpoints = match[1].split(',').map(endpointOf)
  const deadline = performance.now() + patienceMs
  do {
    const answers = await Promise.all(endpoints.map(answersAt))
    if (answers.includes(true)) return
    await sleep(250)
  } while (performance.now() < deadline)
  throw new Error(
    `nothing answers at ${match[1]} (from ${where}). Start that etcd, or leave ${where} out: ` +
      'then npm start runs an etcd of its own, with its data under ./data.',
  )
}

function endpointOf(text) {
  const match = /^(.*?)(?::(\d+))?$/.exec(text)
  return { host: match[1].replaceAll(/[[\]]/g, ''), port: Number(match[2] ?? 2379) }
}

function answersAt({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => end(false))
    socket.once('error', () => end(false))
    socket.once('connect', () => end(true))
  })
}
