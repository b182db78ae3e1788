/** Where `npm start` keeps the data: what the user named, else files under ./data. */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './run.mjs'

/** The argument that asks for an etcd as a child. */
export const OWN_ETCD = '--own-etcd'

const patienceMs = 5000

/**
 * `args`: what to add to the arguments of `serve`. What was named must answer: with another store in
 * its place the data would seem lost.
 *
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{ownEtcd: boolean, args: string[], hint?: string}>}
 */
export async function chooseStore(args, env) {
  const named = namedStore(args, env)
  if (args.includes(OWN_ETCD)) {
    if (named !== undefined) throw new Error(`${OWN_ETCD} and ${named.where}: name one of them`)
    return { ownEtcd: true, args: [] }
  }
  if (named === undefined) return ownFiles()
  await mustAnswer(named.store, named.where)
  return { ownEtcd: false, args: named.where === 'ETCD' ? ['--store', named.store] : [] }
}

function namedStore(args, env) {
  const given = storeOfArguments(args)
  if (given !== undefined) return { store: given, where: '--store' }
  if (env.ANYKEEPER_STORE) return { store: env.ANYKEEPER_STORE, where: 'ANYKEEPER_STORE' }
  if (!env.ETCD) return undefined
  return { store: `etcd://${env.ETCD.replaceAll(/[a-z]+:\/\//g, '')}`, where: 'ETCD' }
}

function ownFiles() {
  const folder = join(root, 'data')
  const choice = { ownEtcd: false, args: ['--store', `file:${encodeURI(folder)}`] }
  // Earlier versions started an etcd by themselves.
  const isForgotten = existsSync(join(folder, 'etcd')) && !existsSync(join(folder, 'data.mdb'))
  if (!isForgotten) return choice
  const hint = `the data under ./data/etcd is not served: for that, npm start -- ${OWN_ETCD}`
  return { ...choice, hint }
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
      'then npm start keeps its data in files under ./data.',
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
