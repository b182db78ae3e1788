/** From a URL to a tree that a doctor can read: over the wire with a session of its own, or straight out of a store. */
import { openStore } from '../../adapters/index.ts'
import { type ClientOptions, connect, readTree, systemClock } from '../../lib/index.ts'
import { clientSource, treeSource, type ZnodeSource } from '../../proxy/index.ts'
import { clientTlsOf, givenTlsFlags } from '../client-tls.ts'
import { UsageError } from '../flags.ts'
import { readSecret } from '../settings/read-file.ts'
import { unusableFile } from '../unusable.ts'

export interface SourceFlags {
  readonly prefix: string
  readonly digestFile?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface OpenSource {
  readonly source: ZnodeSource
  readonly close: () => Promise<void>
}

const IS_SERVER = /^zks?:\/\//
const SESSION_TIMEOUT_MS = 10_000

/** `url`: of a store, or `zk://`, `zks://` without a chroot. @throws what the store or the client throws; {@link UsageError} */
export async function openSource(
  url: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<OpenSource> {
  if (IS_SERVER.test(url)) return overTheWire(url, flags, signal)
  for (const [name, value] of Object.entries(wireFlags(flags))) {
    if (value !== undefined) throw new UsageError(`--${name} is for zk:// and zks:// only`)
  }
  if (url.startsWith('memory:')) {
    throw new UsageError('memory: is a store of one process, and empty in this one')
  }
  const store = await openStore(url, { create: false })
  try {
    const load = () => readTree({ store, prefix: flags.prefix, salvage: true })
    return { source: await treeSource(load, systemClock), close: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function overTheWire(
  url: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<OpenSource> {
  const { digestFile } = flags
  const [given] = givenTlsFlags('', flags)
  if (given !== undefined && !url.startsWith('zks:')) {
    throw new UsageError(`${given} is for zks:// only`)
  }
  const tls = clientTlsOf('', flags)
  const options: ClientOptions = {
    timeoutMs: SESSION_TIMEOUT_MS,
    signal,
    ...(digestFile !== undefined && { digest: digestOf(digestFile) }),
    ...(given !== undefined && { tls }),
  }
  const zk = await connect(url, options)
  return { source: clientSource(zk.with({ signal })), close: () => zk.close() }
}

const wireFlags = ({ digestFile, ca, cert, key }: SourceFlags) => ({
  'digest-file': digestFile,
  ca,
  cert,
  key,
})

function digestOf(file: string): string {
  try {
    return readSecret(file).trim()
  } catch (error) {
    throw new UsageError(unusableFile('--digest-file', file, error))
  }
}
