/** A tree whose versions are about to wrap around, as a snapshot that a ZooKeeper starts from. */

import { type ZookeeperSnapshot, zookeeperSnapshot } from '../../../lib/index.ts'
import { OPEN_ACL, READ_ACL } from '../../../lib/model/acl.ts'
import { Znode } from '../../../lib/model/znode.ts'
import { TreeExport } from '../../../lib/transfer/export.ts'
import { ZookeeperTree } from '../../../lib/transfer/zookeeper/tree.ts'

const ZXID = 2 ** 32
/** Two below the largest of an int32. */
const NEARLY = 2 ** 31 - 3

export function edgeSnapshot(): ZookeeperSnapshot {
  const tree = new ZookeeperTree(ZXID)
  const place = (path: string, node: Znode): void =>
    tree.load({ kind: 'znode', path, node, hasAcl: true })
  const root = Znode.reserved()
  // For /edge and /w.
  root.creates = 2
  place('/', root)
  place('/zookeeper', Znode.reserved())
  place('/zookeeper/quota', Znode.reserved())
  const config = Znode.reserved(READ_ACL, '')
  config.aversion = -1
  place('/zookeeper/config', config)
  const parent = edge()
  // Of its two children: no ZooKeeper has fewer.
  parent.creates = 2
  place('/edge', parent)
  place('/edge/v', edge())
  place('/edge/n', edge())
  place('/w', new Znode({ data: null, acl: OPEN_ACL, zxid: 1, time: 1, ephemeralOwner: 0n }))
  return zookeeperSnapshot(new TreeExport({ tree, sessions: new Map(), zxid: ZXID }, '/', true))
}

function edge(): Znode {
  const node = new Znode({ data: 'e', acl: OPEN_ACL, zxid: 1, time: 1, ephemeralOwner: 0n })
  node.version = NEARLY
  node.aversion = NEARLY
  return node
}
