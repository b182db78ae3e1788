/** How this server names itself to ZooKeeper's tools. */

/** What clients of 3.8 may take us for; the suffix tells people. */
export const ZOOKEEPER_VERSION = '3.8.4-anykeeper'
/** go-zookeeper wants `dd/dd/dddd dd:dd ZONE`. */
export const BUILT_ON = '11/22/2026 00:00 GMT'
