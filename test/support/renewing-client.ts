/**
 * A client that opens another session when one is lost, for tests of what lives longer than a session: 'lost', then
 * 'suspended', then 'connected' with another session id. Watches of the lost session are not set again.
 */
import type { ZooKeeper } from '../../lib/index.ts'
import type { Member } from './liveness-bench.ts'
import { connect } from './recipe-bench.ts'

type Listener = (state: ZooKeeper['state']) => void

/** `lose()`: as if its session had ended, which lives until its client, the one from before, is closed. */
export async function connectRenewing(
  member: Member,
): Promise<{ client: ZooKeeper; lose: () => ZooKeeper }> {
  let inner = await connect(member)
  let followed: ZooKeeper | undefined
  let state: ZooKeeper['state'] = 'connected'
  const listeners = new Set<Listener>()
  const ended = new AbortController()
  const become = (next: ZooKeeper['state']): void => {
    state = next
    if (next === 'closed') ended.abort()
    for (const listener of [...listeners]) listener(next)
  }
  const lost = (): void => {
    become('lost')
    become('suspended')
    void renew()
  }
  const follow = (one: ZooKeeper): void => {
    followed = one
    one.onStateChange((next) => {
      if (one !== followed) return
      if (next === 'lost') lost()
      else become(next)
    })
  }
  const renew = async (): Promise<void> => {
    while (state === 'suspended') {
      await new Promise<void>((resolve) => member.clock.after(100, resolve))
      if (!member.keeper.isServing) continue
      inner = await connect(member)
      follow(inner)
      if (inner.state === 'connected') become('connected')
    }
  }
  follow(inner)
  const own = {
    signal: ended.signal,
    onStateChange(listener: Listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const client = new Proxy(inner, {
    get(_target, name) {
      if (name === 'state') return state
      if (name === 'isEnded') return state === 'closed'
      if (name in own) return own[name as keyof typeof own]
      const value: unknown = Reflect.get(inner, name, inner)
      return typeof value === 'function' ? value.bind(inner) : value
    },
  })
  return {
    client,
    lose() {
      followed = undefined
      lost()
      return inner
    },
  }
}
