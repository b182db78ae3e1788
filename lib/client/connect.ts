/** Opens a client: on a member of this process, or over the wire. Neighbours: client-session, member-transport, wire/. */
import { Keeper } from '../member/keeper.ts'
import { badArgument, checked } from './arguments.ts'
import { captureTrace } from './call-trace.ts'
import { Caller } from './caller.ts'
import { type ClientOptions, checkClientOptions, type KnownOptions } from './client-options.ts'
import { ClientSession } from './client-session.ts'
import { orAborted } from './inbound.ts'
import { MemberTransport } from './member-transport.ts'
import { checkTls } from './tls-options.ts'
import type { Transport } from './transport.ts'
import { isServerUrl, parseServerUrl } from './wire/server-list.ts'
import { WireTransport } from './wire/wire-transport.ts'
import { ZooKeeper } from './zookeeper.ts'

/**
 * Opens a session. `target`: a Keeper of this process, which stays the caller's; or the servers to use over the wire,
 * anykeeper's proxies or Apache ZooKeeper, as `zk://host[:2181][,host…][/chroot]`, or over TLS as `zks://host[:2281]…`.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS: an option or the URL is not valid; ZK_CONNECTION_LOSS: no server answered within
 * `connectMs`; ZK_AUTH_FAILED
 * @throws {StoreError} the keeper closed, or reloaded its tree, before the outcome was known
 */
export async function connect(
  target: Keeper | string,
  options: ClientOptions = {},
): Promise<ZooKeeper> {
  const trace = captureTrace(connect)
  const { transport, known } = checked(() => prepared(target, checkClientOptions(options)))
  return new ZooKeeper(new Caller(await ClientSession.open(transport, known, trace)))
}

/** A member of a client's own. */
export interface OwnMember {
  readonly keeper: Keeper
  /** Ends it, behind the session, and also when none could be opened. */
  readonly release: () => Promise<void>
}

/**
 * As {@link connect}, on a member that `open` makes once the options are known to be valid. One that comes after the
 * signal is released. @throws what `open` throws
 */
export async function connectOwning(
  open: () => Promise<OwnMember>,
  options: ClientOptions,
): Promise<ZooKeeper> {
  const trace = captureTrace(connectOwning)
  const known = checked(() => checkClientOptions(options))
  checkNoTls(known)
  known.signal?.throwIfAborted()
  const opening = open()
  const late = ({ release }: OwnMember): void => void release().catch(() => {})
  const { keeper, release } = await (known.signal === undefined
    ? opening
    : orAborted(opening, known.signal, late))
  const transport = new MemberTransport(keeper, release)
  return new ZooKeeper(new Caller(await ClientSession.open(transport, known, trace)))
}

function prepared(
  target: unknown,
  known: KnownOptions,
): { readonly transport: Transport; readonly known: KnownOptions } {
  const isUrl = typeof target === 'string' && isServerUrl(target)
  if (!isUrl || !parseServerUrl(target).isSecure) checkNoTls(known)
  if (target instanceof Keeper) return { transport: new MemberTransport(target), known }
  if (!isUrl) {
    throw badArgument(
      'the first argument must be a Keeper or a URL that begins with zk:// or zks://',
    )
  }
  const { servers, chroot, isSecure } = parseServerUrl(target)
  if (chroot !== '' && known.chroot !== '') {
    throw badArgument('the chroot is in the URL or an option, not both')
  }
  const transport = new WireTransport({
    ...known,
    servers,
    tls: isSecure ? (known.tls ?? checkTls({})) : undefined,
  })
  return { transport, known: chroot === '' ? known : { ...known, chroot } }
}

function checkNoTls({ tls }: KnownOptions): void {
  if (tls !== undefined) throw badArgument('tls is for servers over zks:// only')
}
