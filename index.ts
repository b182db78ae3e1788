/** The package's entry: the library's public names, and a client on every kind of URL. */
import { openStore } from './adapters/index.ts'
import { type ClientOptions, connect as connectTo, Keeper, type ZooKeeper } from './lib/index.ts'
import { connectOwning } from './lib/internal.ts'

export * from './lib/index.ts'

/** What begins with a scheme that is no store's. */
const SERVERS = /^zks?:\/\//

/**
 * Opens a session of ZooKeeper: `const zk = await connect('etcd://127.0.0.1:2379')`. `target` is one of
 *
 * - the URL of a store, as `openStore()` of anykeeper/adapters takes it (`etcd://`, `file:`, `redis://`, `memory:`): a
 *   member of this process, which ends with the client;
 * - `zk://host[:2181][,host…][/chroot]`: anykeeper's proxies or Apache ZooKeeper, over the wire; `zks://host[:2281]…`: the
 *   same over TLS, see {@link ClientOptions.tls};
 * - a Keeper that is open in this process, and stays the caller's.
 *
 * The client is the same on all of them.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS: an option or the URL is not valid; ZK_CONNECTION_LOSS: no server answered within
 * `connectMs`; ZK_AUTH_FAILED
 * @throws {StoreError} the store could not be opened, or a member could not start on it
 */
export function connect(target: string | Keeper, options: ClientOptions = {}): Promise<ZooKeeper> {
  if (typeof target !== 'string' || SERVERS.test(target)) return connectTo(target, options)
  return connectOwning(async () => {
    const store = await openStore(target)
    try {
      const keeper = await Keeper.open({ store, ...(options.logger && { logger: options.logger }) })
      const release = async (): Promise<void> => {
        await keeper.close()
        await store.close()
      }
      return { keeper, release }
    } catch (error) {
      await store.close()
      throw error
    }
  }, options)
}
