/** ConfigValue in good and bad weather, on members of one memory store. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  ConfigValue,
  type ConfigValueOptions,
  connect,
  jsonCodec,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { twoClients, wordOf } from '../support/two-clients.ts'

const PATH = '/config'
const codec = jsonCodec<number>((parsed) => {
  if (typeof parsed !== 'number') throw new RangeError('no number')
  return parsed
})

describe('ConfigValue', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: (string | undefined)[]
  let seen: number[]
  const configs: ConfigValue<number>[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
    seen = []
  })
  afterEach(async () => {
    for (const config of configs.splice(0)) await config.close()
  })

  function configOf(
    client: ZooKeeper,
    options: Partial<ConfigValueOptions<number>> = {},
  ): ConfigValue<number> {
    const config = new ConfigValue(client, PATH, {
      codec,
      defaultValue: 7,
      onChange: (value) => seen.push(value),
      onError: (error) => said.push(wordOf(error)),
      ...options,
    })
    configs.push(config)
    return config
  }
  async function write(text: string): Promise<void> {
    await b.setData(PATH, Buffer.from(text))
    await settle()
  }

  it('the default, a value, the last good one, the default again', async () => {
    const config = configOf(a)
    expect(config.value).to.equal(7)
    await config.start()
    expect([config.value, config.stat, seen]).to.deep.equal([7, undefined, [7]])
    await b.create(PATH, Buffer.from('1'))
    await settle()
    expect([config.value, config.stat?.version]).to.deep.equal([1, 0])
    await write('"text"')
    expect([config.value, config.stat?.version, config.error?.path]).to.deep.equal([1, 0, PATH])
    expect(config.error?.cause).to.be.instanceOf(RangeError)
    await write('{')
    await write('2')
    expect([config.value, config.stat?.version, config.error]).to.deep.equal([2, 3, undefined])
    await write('"text"')
    await b.delete(PATH)
    await settle()
    expect([config.value, config.stat, config.error]).to.deep.equal([7, undefined, undefined])
    expect(seen).to.deep.equal([7, 1, 2, 7])
    expect(said).to.deep.equal(['CODEC_FAILED', 'CODEC_FAILED', 'CODEC_FAILED'])
  })

  it('what is no good at the start is reported, and the default is in force', async () => {
    await b.create(PATH, null)
    await settle()
    const config = configOf(a)
    await config.start()
    expect([config.value, seen, said]).to.deep.equal([7, [7], ['CODEC_FAILED']])
  })

  it('without onError data that are no good are a warning of the process', async () => {
    await b.create(PATH, null)
    await settle()
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const config = new ConfigValue(a, PATH, { codec, defaultValue: 7 })
    configs.push(config)
    await config.start()
    expect(wordOf(await warned)).to.equal('CODEC_FAILED')
  })

  it('a loop gets the value and the newest of those that follow, until it is closed', async () => {
    await b.create(PATH, Buffer.from('1'))
    await settle()
    const config = configOf(a)
    const got: number[] = []
    let resume = (): void => {}
    const loop = (async () => {
      for await (const value of config) {
        got.push(value)
        if (value === 1) {
          await new Promise<void>((resolve) => {
            resume = resolve
          })
        }
      }
    })()
    await settle()
    expect(got, 'nothing was read yet').to.deep.equal([])
    await config.start()
    await settle()
    for (const text of ['2', '3', '4']) await write(text)
    expect([got, seen]).to.deep.equal([[1], [1, 2, 3, 4]])
    resume()
    await settle()
    await write('5')
    expect(got).to.deep.equal([1, 4, 5])
    await config.close()
    await loop
  })

  it('a loop ends with the reason of its signal', async () => {
    const config = configOf(a)
    await config.start()
    const abort = new AbortController()
    const values = config.values({ signal: abort.signal })
    expect((await values.next()).value).to.equal(7)
    const next = outcomeOf(values.next())
    abort.abort()
    await settle()
    expect(next.now).to.equal('AbortError')
  })

  it('an outage and a renewed session change nothing, and what was written meanwhile comes', async () => {
    await b.create(PATH, Buffer.from('1'))
    await settle()
    const renewing = await connect(one.keeper, { timeoutMs: TIMEOUT_MS, renew: true })
    const config = configOf(renewing)
    await config.start()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect(config.value).to.equal(1)
    one.store.mend()
    await pass(2_000)
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      await b.setData(PATH, Buffer.from('2'))
    })
    await pass(3_000)
    expect([seen, said]).to.deep.equal([[1, 2], []])
    await renewing.close()
  })

  it('without renew its loops end with the session, and the value stays', async () => {
    await b.create(PATH, Buffer.from('1'))
    await settle()
    const config = configOf(a)
    await config.start()
    const values = config[Symbol.asyncIterator]()
    await values.next()
    const next = values.next()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect((await next).done).to.equal(true)
    expect([config.isClosed, config.value, said]).to.deep.equal([true, 1, ['ZK_SESSION_EXPIRED']])
  })

  it('an onChange that throws is reported, and is called again', async () => {
    const config = configOf(a, {
      onChange(value) {
        seen.push(value)
        throw new RangeError('mine')
      },
    })
    await config.start()
    await b.create(PATH, Buffer.from('1'))
    await settle()
    expect([seen, said]).to.deep.equal([
      [7, 1],
      ['CALLBACK_FAILED', 'CALLBACK_FAILED'],
    ])
  })

  it('start() ends with its signal and its timeout; closed, it calls nobody', async () => {
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const config = configOf(a)
    const abort = new AbortController()
    const waits = [{ signal: abort.signal }, { timeoutMs: 1_000 }].map((options) =>
      outcomeOf(config.start(options)),
    )
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal(['AbortError', 'ZK_OPERATION_TIMEOUT'])
    await config.close()
    one.store.mend()
    await pass(2_000)
    expect([seen, said]).to.deep.equal([[], []])
  })

  it('does not permit what makes no sense', () => {
    expect(() => configOf(a, { codec: {} as never })).to.throw('decode')
    expect(() => configOf(a, { onChange: 1 as never })).to.throw('onChange')
    expect(() => configOf(a, { odd: 1 } as never)).to.throw('odd')
    expect(() => new ConfigValue(a, 'x', { codec, defaultValue: 1 })).to.throw('path')
  })
})
