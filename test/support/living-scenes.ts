/**
 * The recipes that live on from one session to the next, in one form for the table of them and their faults. Neighbours:
 * living-play, living-faults.
 */
import {
  GroupMember,
  type Held,
  LeaderLatch,
  LeaderSelector,
  PersistentNode,
  type Stat,
  type ZooKeeper,
} from '../../lib/index.ts'
import { ROOM } from './recipe-play.ts'

/** Its znodes are children of this path. */
export const LINE = `${ROOM}/line`

/** What the test sees of it. */
export interface LifeHooks {
  /** It leads from now on; may throw, as a caller's callback. */
  readonly onLead: (held: Held) => void
  /** A callback of one that leads nothing; may throw. */
  readonly onSeen: () => void
  readonly onError: (error: unknown) => void
}

export interface Life {
  readonly lead: Held | undefined
  readonly isClosed: boolean
  start(): Promise<unknown>
  close(): Promise<void>
}

export interface Living {
  readonly name: string
  /** One of them leads at a time. */
  readonly isExclusive: boolean
  /** Goes with its session. */
  readonly isEphemeral: boolean
  /** A callback that throws ends it. */
  readonly endsWithThrow: boolean
  open(client: ZooKeeper, id: string, hooks: LifeHooks): Life
  /** Is that znode this one's? */
  isOwn(client: ZooKeeper, id: string, path: string, stat: Stat): boolean
}

const isOfSession = ({ sessionId }: ZooKeeper, _id: string, _path: string, stat: Stat): boolean =>
  stat.ephemeralOwner === sessionId

const latches = (['curator', 'kazoo'] as const).map(
  (layout): Living => ({
    name: `LeaderLatch, layout ${layout}`,
    isExclusive: true,
    isEphemeral: true,
    endsWithThrow: true,
    isOwn: isOfSession,
    open(client, id, { onLead, onError }) {
      const latch = new LeaderLatch(client, LINE, { id, layout, onElected: onLead, onError })
      return {
        get lead() {
          return latch.leadership
        },
        get isClosed() {
          return latch.isClosed
        },
        start: () => latch.start(),
        close: () => latch.close(),
      }
    },
  }),
)

const selector: Living = {
  name: 'LeaderSelector',
  isExclusive: true,
  isEphemeral: true,
  endsWithThrow: false,
  isOwn: isOfSession,
  open(client, id, { onLead, onError }) {
    let lead: Held | undefined
    const selector = new LeaderSelector(client, LINE, {
      id,
      onError,
      autoRequeue: true,
      async takeLeadership(held) {
        lead = held
        onLead(held)
        await new Promise<void>((resolve) => {
          if (held.signal.aborted) resolve()
          else held.signal.addEventListener('abort', () => resolve(), { once: true })
        })
      },
    })
    return {
      get lead() {
        return selector.isLeader ? lead : undefined
      },
      get isClosed() {
        return selector.isClosed
      },
      start: () => selector.start(),
      close: () => selector.close(),
    }
  },
}

const nodes = (['ephemeral', 'ephemeral-sequential', 'persistent'] as const).map(
  (mode): Living => ({
    name: `PersistentNode, ${mode}`,
    isExclusive: false,
    isEphemeral: mode !== 'persistent',
    endsWithThrow: false,
    isOwn: (client, id, path, stat) =>
      mode === 'persistent' ? path === `${LINE}/${id}` : isOfSession(client, id, path, stat),
    open(client, id, { onSeen: onCreated, onError }) {
      const data = Buffer.from(id)
      const options = { mode, data, onCreated, onError }
      const node = new PersistentNode(client, `${LINE}/${id}`, options)
      return Object.defineProperty(unled(node), 'isClosed', { get: () => node.isClosed })
    },
  }),
)

const members = (['curator', 'kazoo'] as const).map(
  (layout): Living => ({
    name: `GroupMember, layout ${layout}`,
    isExclusive: false,
    isEphemeral: true,
    endsWithThrow: false,
    isOwn: isOfSession,
    open(client, id, { onSeen: onChange, onError }) {
      const member = new GroupMember(client, LINE, id, { layout, onChange, onError })
      return Object.defineProperty(unled(member), 'isClosed', { get: () => member.isClosed })
    },
  }),
)

function unled(one: { start(): Promise<void>; close(): Promise<void> }): Life {
  return {
    lead: undefined,
    isClosed: false,
    start: () => one.start(),
    close: () => one.close(),
  }
}

export const livings: readonly Living[] = [...latches, selector, ...nodes, ...members]
