/**
 * Configuration with live reload: one znode of JSON, checked before it replaces the last good one. What was read last stays
 * in force while the store is out of reach; where there is no znode, the defaults are.
 */
import { connect, Keeper, ZnodeError } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

interface Config {
  readonly logLevel: string
  readonly batchMax: number
}
const DEFAULTS: Config = { logLevel: 'info', batchMax: 100 }
const PATH = '/app-config'

function parse(data: Uint8Array | null): Config {
  const given = data === null ? {} : (JSON.parse(Buffer.from(data).toString()) as Partial<Config>)
  const config = { ...DEFAULTS, ...given }
  if (!['debug', 'info', 'warn'].includes(config.logLevel)) throw new TypeError('no such logLevel')
  if (!Number.isInteger(config.batchMax)) throw new TypeError('batchMax must be an integer')
  return config
}

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
/** In force now. */
let config = DEFAULTS
/** zxid of what was looked at last; 0: there was no znode. */
let seen: number | undefined
let close = await follow()

/** Reads, and reads again at every change. Returns what ends that. */
async function follow(): Promise<() => Promise<void>> {
  const client = await connect(keeper, {
    timeoutMs: 10_000,
    onState: async (state) => {
      // A read that failed has set no watch.
      if (state === 'connected') await look()
      if (state === 'lost') close = await follow()
    },
  })
  async function look(): Promise<void> {
    try {
      // Sets the watch also where there is nothing to be read yet.
      const found = await client.exists(PATH, look)
      const read = found && (await client.getData(PATH))
      use(read?.stat.mzxid ?? 0, read?.data ?? null)
    } catch (error) {
      // Out of reach, or deleted meanwhile: the watch or the next state brings it back here.
      if (!(error instanceof ZnodeError)) throw error
    }
  }
  await look()
  return () => client.close()
}

function use(zxid: number, data: Uint8Array | null): void {
  if (zxid === seen) return
  seen = zxid
  try {
    config = parse(data)
    console.log(`in force: ${JSON.stringify(config)}`)
  } catch (error) {
    console.log(`refused, the last one stays: ${JSON.stringify(config)}: ${error}`)
  }
}

process.once('SIGTERM', async () => {
  await close()
  await keeper.close()
  await store.close()
})
