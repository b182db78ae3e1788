/** What a watch reports. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { textOrEmpty } from './text.ts'

/** Keeper state of every event that a server sends. Source: Watcher.Event.KeeperState. */
export const SYNC_CONNECTED = 3

export interface WatcherEvent {
  /** See EVENT in model/request. */
  readonly type: number
  readonly state: number
  readonly path: string
}

/* WatcherEvent => type state path, behind ReplyHeader{−1, zxid, 0}
     type  => INT
     state => INT
     path  => USTRING
   Up to 3.8 the header's zxid is −1. Since 3.9 it is the change's, but still −1 for an event that
   setWatches causes (observed on 3.8.0 and 3.9.5). */
export function encodeWatcherEvent(
  writer: JuteWriter,
  type: number,
  state: number,
  path: string,
): void {
  writer.int(type)
  writer.int(state)
  writer.string(path)
}

/** Behind the header: the caller has read its three fields. */
export function decodeWatcherEvent(reader: JuteReader): WatcherEvent {
  return { type: reader.int(), state: reader.int(), path: textOrEmpty(reader) }
}
