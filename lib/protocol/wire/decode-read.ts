/** Records of the requests that read the tree or place watches, except multiRead. */

import { WireError } from '../../model/errors.ts'
import type {
  AddWatchRequest,
  ExistsRequest,
  GetAclRequest,
  GetAllChildrenNumberRequest,
  GetChildrenRequest,
  GetDataRequest,
  GetEphemeralsRequest,
  RemoveWatchesRequest,
  SetWatchesRequest,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { pathNotNull, pathVector, textOrEmpty } from './decode-fields.ts'

/* ExistsRequest, GetDataRequest, GetChildrenRequest, GetChildren2Request => path watch
     path  => USTRING; the empty path reads the root, as on ZooKeeper 3.8.0
     watch => BOOL */
export function decodeExists(reader: JuteReader): ExistsRequest {
  const path = pathNotNull(reader)
  return { type: 'exists', path, watch: reader.bool() }
}

export function decodeGetData(reader: JuteReader): GetDataRequest {
  const path = pathNotNull(reader)
  return { type: 'getData', path, watch: reader.bool() }
}

export function decodeGetChildren(reader: JuteReader): GetChildrenRequest {
  const path = pathNotNull(reader)
  return { type: 'getChildren', path, watch: reader.bool() }
}

export function decodeGetChildren2(reader: JuteReader): GetChildrenRequest {
  const path = pathNotNull(reader)
  return { type: 'getChildren2', path, watch: reader.bool() }
}

/* GetACLRequest => path
     path => USTRING */
export function decodeGetAcl(reader: JuteReader): GetAclRequest {
  return { type: 'getACL', path: pathNotNull(reader) }
}

/* GetAllChildrenNumberRequest => path
     path => USTRING */
export function decodeGetAllChildrenNumber(reader: JuteReader): GetAllChildrenNumberRequest {
  return { type: 'getAllChildrenNumber', path: pathNotNull(reader) }
}

/* GetEphemeralsRequest => prefixPath
     prefixPath => USTRING; null and '' ask for all of the session's */
export function decodeGetEphemerals(reader: JuteReader): GetEphemeralsRequest {
  return { type: 'getEphemerals', prefixPath: textOrEmpty(reader) }
}

/* SetWatches => relativeZxid dataWatches existWatches childWatches
     relativeZxid => LONG
     *Watches     => VECTOR of USTRING */
export function decodeSetWatches(reader: JuteReader): SetWatchesRequest {
  return {
    type: 'setWatches',
    relativeZxid: reader.long(),
    data: pathVector(reader),
    exist: pathVector(reader),
    child: pathVector(reader),
    persistent: [],
    persistentRecursive: [],
  }
}

/* SetWatches2 => SetWatches persistentWatches persistentRecursiveWatches
 *Watches => VECTOR of USTRING */
export function decodeSetWatches2(reader: JuteReader): SetWatchesRequest {
  return {
    type: 'setWatches',
    relativeZxid: reader.long(),
    data: pathVector(reader),
    exist: pathVector(reader),
    child: pathVector(reader),
    persistent: pathVector(reader),
    persistentRecursive: pathVector(reader),
  }
}

/* AddWatchRequest => path mode
     path => USTRING, not looked up and not validated
     mode => INT, 0 persistent, 1 persistent recursive; others are answered −5 */
export function decodeAddWatch(reader: JuteReader): AddWatchRequest {
  const path = textOrEmpty(reader)
  const mode = reader.int()
  if (mode !== 0 && mode !== 1) throw new WireError(`watch mode ${mode}`)
  return { type: 'addWatch', path, mode }
}

/* CheckWatchesRequest, RemoveWatchesRequest => path type
     path => USTRING
     type => INT, Children 1, Data 2, Any 3, Persistent 4, PersistentRecursive 5; others: −5
   (3.8.0 knows 1 to 3 only) */
function removeWatches(
  type: RemoveWatchesRequest['type'],
  reader: JuteReader,
): RemoveWatchesRequest {
  const path = pathNotNull(reader)
  const watcherType = reader.int()
  if (watcherType < 1 || watcherType > 5) throw new WireError(`watcher type ${watcherType}`)
  return { type, path, watcherType }
}

export function decodeCheckWatches(reader: JuteReader): RemoveWatchesRequest {
  return removeWatches('checkWatches', reader)
}

export function decodeRemoveWatches(reader: JuteReader): RemoveWatchesRequest {
  return removeWatches('removeWatches', reader)
}
