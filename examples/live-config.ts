/**
 * Configuration with live reload: one znode of JSON, checked before it replaces the last good one. What was read last stays
 * in force while the store is out of reach; where there is no znode, the defaults are.
 */
import { CodecError, ConfigValue, connect, jsonCodec } from 'anykeeper'

interface Config {
  readonly logLevel: string
  readonly batchMax: number
}
const DEFAULTS: Config = { logLevel: 'info', batchMax: 100 }

const codec = jsonCodec<Config>((given) => {
  const config = { ...DEFAULTS, ...(given as Partial<Config>) }
  if (!['debug', 'info', 'warn'].includes(config.logLevel)) throw new TypeError('no such logLevel')
  if (!Number.isInteger(config.batchMax)) throw new TypeError('batchMax must be an integer')
  return config
})

const zk = await connect(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379', {
  timeoutMs: 10_000,
  // After the end of a session comes another one.
  renew: true,
})
const config = new ConfigValue(zk, '/app-config', {
  codec,
  defaultValue: DEFAULTS,
  onChange: (value) => console.log(`in force: ${JSON.stringify(value)}`),
  onError(error) {
    if (!(error instanceof CodecError)) return console.log(`not now: ${error}`)
    console.log(`refused, the last one stays: ${JSON.stringify(config.value)}: ${error.cause}`)
  },
})
await config.start()

process.once('SIGTERM', async () => {
  await config.close()
  await zk.close()
})
