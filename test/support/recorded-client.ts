/** A client whose requests, replies and events are written down in the order in which they pass. Neighbour: client-order. */
import { captureTrace } from '../../lib/client/call-trace.ts'
import { Caller } from '../../lib/client/caller.ts'
import { checkClientOptions } from '../../lib/client/client-options.ts'
import { ClientSession } from '../../lib/client/client-session.ts'
import type { ClientRequest, Transport } from '../../lib/client/transport.ts'
import { type ClientOptions, type EventType, ZooKeeper } from '../../lib/index.ts'
import type { Result } from '../../lib/model/request.ts'

export type Recorded =
  | { readonly what: 'sent'; readonly tag: number; readonly request: ClientRequest }
  | {
      readonly what: 'reply'
      readonly tag: number
      readonly zxid: number
      readonly errno: number
      readonly result: Result
    }
  | {
      readonly what: 'event'
      readonly type: EventType
      readonly path: string
      readonly zxid: number
    }

/** Opens a client; `record` gets everything that passes on its first link. */
export async function openRecorded(
  transport: Transport,
  record: (one: Recorded) => void,
  options: ClientOptions = {},
): Promise<ZooKeeper> {
  const open = transport.open.bind(transport)
  transport.open = async (request) => {
    const { sink } = request
    const link = await open({
      ...request,
      sink: {
        reply(tag, zxid, errno, result) {
          record({ what: 'reply', tag, zxid, errno, result })
          sink.reply(tag, zxid, errno, result)
        },
        event(type, path, zxid) {
          record({ what: 'event', type, path, zxid })
          sink.event(type, path, zxid)
        },
        ended: (reason) => sink.ended(reason),
      },
    })
    const send = link.send.bind(link)
    link.send = (sent, tag) => {
      record({ what: 'sent', tag, request: sent })
      send(sent, tag)
    }
    return link
  }
  const known = checkClientOptions(options)
  const session = await ClientSession.open(transport, known, captureTrace(openRecorded))
  return new ZooKeeper(new Caller(session))
}
