/** Why a file or a port that a flag names cannot be used: a sentence with the flag. Neighbours: client-tls, named-files. */
import { reasonOf } from '../lib/internal.ts'
import { type HostPort, shownAddress } from './settings/parse.ts'

/** The system's codes in words. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that',
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EBUSY: 'it is in use',
  EEXIST: 'it is there already',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space is left there',
  ENOTDIR: 'a part of the path is no folder',
  ENOTFOUND: 'there is no such host',
  ENXIO: 'nobody reads it',
  EPERM: 'this user may not do that',
  EROFS: 'the file system is read-only',
}

/** Words, and the system's code for whoever looks it up; its own text where there are no words. */
export function reasonInWords(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  const words = code === undefined ? undefined : WORDS[code]
  return words === undefined ? reasonOf(error) : `${words} (${code})`
}

/** "--output /dev/full: no space is left there (ENOSPC)" */
export const unusableFile = (flag: string, path: string, error: unknown): string =>
  `${flag} ${path}: ${reasonInWords(error)}`

/** An error of listen(), as Node throws it. */
interface ListenError extends NodeJS.ErrnoException {
  readonly port?: number
}

/**
 * The error of a server that listens on several addresses, by flag: with the flag of the one that is not available. Any other
 * error is returned as it is.
 */
export function unavailablePort(
  error: unknown,
  addresses: Readonly<Record<string, HostPort | undefined>>,
): unknown {
  const { syscall, port, code } = error as ListenError
  // A name that is not resolved is an error of getaddrinfo, without a port.
  if (syscall !== 'listen' && syscall !== 'bind' && code !== 'ENOTFOUND') return error
  const given = Object.entries(addresses).filter(([, address]) => address !== undefined)
  const [flag, address] = given.find(([, one]) => one?.port === port) ?? given[0] ?? []
  if (flag === undefined || address === undefined) return error
  const where = shownAddress(address.host, address.port)
  return new Error(`${flag} ${where} is not available: ${reasonInWords(error)}`, { cause: error })
}
