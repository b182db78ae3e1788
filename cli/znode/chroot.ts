/** A chroot that is not there: below it every path is "no such znode", which explains nothing. Neighbour: target. */
import { ZnodeError } from '../../lib/index.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import type { Target } from './target.ts'

const PARTS = /^(zks?:\/\/[^/]*)(\/.+)$/

/** The error, or one that names the chroot where that is what is missing; the signal ends the look at it. Never rejects. */
export async function explained(
  target: Target,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof ZnodeError) || error.code !== 'ZK_NO_NODE') return error
  const [, servers, chroot] = PARTS.exec(target.shown) ?? []
  if (chroot === undefined) return error
  try {
    const { client, timeoutMs } = target
    if ((await client.with({ timeoutMs, signal }).exists('/')) !== undefined) return error
  } catch {
    return error
  }
  const text = `the chroot ${chroot} is not there: anykeeper create -p ${chroot} --server ${servers}`
  return new CommandError(EXIT.noZnode, text)
}
