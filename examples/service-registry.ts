/**
 * A service registry: each instance announces itself as an ephemeral below /services/echo, and follows which others are
 * there. Argument: the instance's name, the same at every start. Deleted by somebody else, it announces itself again.
 */
import { connect, Keeper, mkdirp, ZnodeError } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

const SERVICE = '/services/echo'
const name = process.argv[2] ?? `instance-${process.pid}`
const own = `${SERVICE}/${name}`
const about = Buffer.from(JSON.stringify({ address: '127.0.0.1', pid: process.pid }))

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
let close = await join()

async function join(): Promise<() => Promise<void>> {
  const client = await connect(keeper, {
    timeoutMs: 10_000,
    onState: async (state) => {
      console.log(`session ${state}`)
      // A call that failed has set no watch.
      if (state === 'connected') await Promise.all([announce(), look()])
      // The ephemeral is gone with its session.
      if (state === 'lost') close = await join()
    },
  })

  /** Each change of the znode leads here again, those of its own making too, until it is right. */
  async function announce(): Promise<void> {
    await ifReachable(async () => {
      const found = await client.exists(own, announce)
      if (found?.ephemeralOwner === client.sessionId) return
      // Of an earlier run that crashed: its session has not expired yet.
      if (found !== undefined) return client.delete(own)
      await mkdirp(client, SERVICE)
      await client.create(own, about, { mode: 'ephemeral' })
    })
  }

  async function look(): Promise<void> {
    await ifReachable(async () => {
      await mkdirp(client, SERVICE)
      const { children } = await client.getChildren(SERVICE, look)
      console.log(`instances: ${[...children].sort().join(' ')}`)
    })
  }

  await Promise.all([announce(), look()])
  return () => client.close()
}

/** What fails is repeated from a watch or at the next change of state. */
async function ifReachable(step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error
    console.log(`not now: ${error.code}`)
  }
}

process.once('SIGTERM', async () => {
  await close()
  await keeper.close()
  await store.close()
})
