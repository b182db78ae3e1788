/**
 * A client without the bounds of `with()`: what a recipe has to delete or to watch is so also behind their end.
 * Neighbours: own-znode, queue-claim, kept-znode.
 */
import { ZooKeeper } from '../zookeeper.ts'

/** The same session, without a time limit and a signal. */
export function unbounded(client: ZooKeeper): ZooKeeper {
  return client.caller.isBounded ? new ZooKeeper(client.caller.unbounded()) : client
}
