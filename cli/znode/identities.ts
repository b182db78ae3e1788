/** The identities that a command proves: `--auth`, and the lines of `--auth-file`. Neighbours: connection-flags, target. */
import type { ClientAuth } from '../../lib/index.ts'
import { UsageError } from '../flags.ts'
import { readSecret } from '../settings/read-file.ts'
import { unusableFile } from '../unusable.ts'
import type { ConnectionFlags } from './connection-flags.ts'

const ENTRY = /^([a-z][a-z0-9-]*):(.+)$/s

/** @throws {UsageError} which repeats nothing of an identity: it may be a password */
export function authsOf({
  auth,
  authFile,
}: Pick<ConnectionFlags, 'auth' | 'authFile'>): ClientAuth[] {
  const given = auth.map((text) => authOf('--auth', text))
  return authFile === undefined ? given : [...given, ...authsOfFile(authFile)]
}

function authsOfFile(file: string): ClientAuth[] {
  const lines = contentOf(file).split(/\r?\n/)
  const known = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return known.map((line) => authOf(`--auth-file ${file}`, line))
}

function contentOf(file: string): string {
  try {
    return readSecret(file)
  } catch (error) {
    throw new UsageError(unusableFile('--auth-file', file, error))
  }
}

/** `scheme:auth`, such as `digest:user:password`. */
function authOf(origin: string, text: string): ClientAuth {
  const [, scheme, auth] = ENTRY.exec(text) ?? []
  if (scheme === undefined || auth === undefined) {
    throw new UsageError(`${origin}: expected scheme:auth, e.g. digest:user:password`)
  }
  return { scheme, auth }
}
