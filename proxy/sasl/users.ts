/**
 * SASL users from a file: a JAAS section as for a ZooKeeper server, or plain lines.
 *
 *     Server { org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_super="adminsecret" user_kafka="kafka-secret"; };
 *
 *     # or
 *     kafka=kafka-secret
 *
 * Neighbour: jaas.
 */
import { jaasSections } from './jaas.ts'

const IS_JAAS = /\bDigestLoginModule\b|^\s*\w+\s*\{/m
/** Of ZooKeeper's servers, for its clients. Those of other sections are other users, such as the servers of a quorum. */
const SECTION = 'Server'
const USER = 'user_'

/**
 * User → password.
 * @throws {Error} for a line that is not `user=password`, a JAAS file that Java would not read or that has no section `Server`, a user
 *   that is named twice or without a password, and for no user at all. It repeats no password
 */
export function parseSaslUsers(text: string): Map<string, string> {
  const users = new Map<string, string>()
  for (const [user, password] of IS_JAAS.test(text) ? jaasUsers(text) : plainUsers(text)) {
    const shown = JSON.stringify(user)
    if (users.has(user)) throw new Error(`SASL users: ${shown} is named twice`)
    if (password === '') throw new Error(`SASL users: ${shown} has no password`)
    users.set(user, password)
  }
  if (users.size === 0) throw new Error('SASL users: the file names no user')
  return users
}

type User = readonly [name: string, password: string]

function jaasUsers(text: string): User[] {
  const sections = jaasSections(text)
  const own = sections.get(SECTION)
  if (own === undefined) {
    const found = [...sections.keys()].join(', ')
    throw new Error(`SASL users: the file has no section ${SECTION}, only ${found || 'none'}`)
  }
  return own
    .filter(([key]) => key.startsWith(USER) && key.length > USER.length)
    .map(([key, password]) => [key.slice(USER.length), password])
}

function* plainUsers(text: string): Generator<User> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const at = trimmed.indexOf('=')
    if (at < 1) throw new Error(`SASL users: line ${index + 1} is not user=password`)
    yield [trimmed.slice(0, at), trimmed.slice(at + 1)]
  }
}
