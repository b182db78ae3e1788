/** Settings: who a client is, and who passes every ACL. */
import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { PROXY_DEFAULT, parseSaslUsers } from '../../../proxy/index.ts'
import { anyText } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

function parseDigest(text: string): string {
  if (!/^[^:]+:[A-Za-z0-9+/]{27}=$/.test(text)) {
    throw new InvalidArgumentError('expected user:base64(sha1("user:password")).')
  }
  return text
}

function readSaslUsers(file: string): ReadonlyMap<string, string> {
  try {
    return parseSaslUsers(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

export const superDigest: Setting<string | undefined> = {
  name: 'super-digest',
  value: '<digest>',
  text: 'let this digest user pass every ACL: user:base64(sha1("user:password"))',
  parse: parseDigest,
  zookeeper: ['DigestAuthenticationProvider.superDigest'],
  secret: true,
}

export const saslUsers: Setting<ReadonlyMap<string, string>> = {
  name: 'sasl-users',
  value: '<file>',
  text: 'authenticate SASL DIGEST-MD5 users of this file: JAAS, or user=password lines',
  parse: readSaslUsers,
  default: PROXY_DEFAULT.saslUsers,
  defaultText: '',
  reload: true,
  proxy: (users) => ({ saslUsers: users }),
}

const saslSuperUser: Setting<string | undefined> = {
  name: 'sasl-super-user',
  value: '<name>',
  text: 'let this SASL user pass every ACL',
  parse: anyText,
  zookeeper: ['superUser'],
  reload: true,
  proxy: (name) => ({ saslSuperUser: name }),
}

export const authentication: Group = {
  title: 'Authentication',
  settings: [superDigest, saslUsers, saslSuperUser],
}
