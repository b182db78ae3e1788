/** The version that this server reports to ZooKeeper's tools. */

/** Clients read the ZooKeeper version whose behaviour they get; people read the suffix. */
export const ZOOKEEPER_VERSION = '3.8.4-anykeeper'
/** go-zookeeper wants `dd/dd/dddd dd:dd ZONE`. */
export const BUILT_ON = '11/22/2026 00:00 GMT'
