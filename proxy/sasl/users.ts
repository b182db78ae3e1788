/**
 * SASL users from a file: a JAAS section as for a ZooKeeper server, or plain lines.
 *
 *     Server { org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_super="adminsecret" user_kafka="kafka-secret"; };
 *
 *     # or
 *     kafka=kafka-secret
 */

/** User → password. @throws {Error} for a line that is not `user=password`, and for no user at all. */
export function parseSaslUsers(text: string): Map<string, string> {
  const users = new Map<string, string>()
  const isJaas = /\bDigestLoginModule\b|^\s*\w+\s*\{/m.test(text)
  if (isJaas) {
    const withoutComments = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*(\/\/|#).*$/gm, '')
    const section = /\bServer\s*\{([\s\S]*?)\}\s*;/.exec(withoutComments)?.[1] ?? withoutComments
    for (const [, user, password] of section.matchAll(/\buser_([^\s="]+)\s*=\s*"([^"]*)"/g)) {
      users.set(user as string, password as string)
    }
  } else {
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const trimmed = line.trim()
      if (trimmed === '' || trimmed.startsWith('#')) continue
      const at = trimmed.indexOf('=')
      if (at < 1) throw new Error(`SASL users: line ${index + 1} is not user=password`)
      users.set(trimmed.slice(0, at), trimmed.slice(at + 1))
    }
  }
  if (users.size === 0) throw new Error('SASL users: the file names no user')
  return users
}
