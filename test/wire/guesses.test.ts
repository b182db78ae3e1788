/** Guesses of passwords on the wire: how many are judged, and that clients that know theirs are not harmed. */
import { expect } from 'chai'
import { digestOf } from '../../lib/index.ts'
import { type AuthProvider, AuthProviders } from '../../proxy/index.ts'
import type { RawClient } from '../support/raw-client.ts'
import { saslAnswer } from '../support/sasl-answer.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

const AUTH_FAILED = -115

describe('guessed passwords', () => {
  let bench: WireBench
  let served: Served

  const provider: AuthProvider = {
    scheme: 'token',
    authenticate: async (credentials) => {
      const text = Buffer.from(credentials).toString()
      if (text === 'broken') throw new Error('out of order')
      return text === 'right' ? { ids: ['team'] } : undefined
    },
    isValid: () => true,
  }

  beforeEach(async () => {
    bench = new WireBench()
    const providers = new AuthProviders([provider])
    served = await bench.serve({
      keeper: {
        aclSchemes: providers.aclSchemes(new Set(['digest', 'ip', 'sasl'])),
        superDigest: digestOf(Buffer.from('super:right')),
      },
      proxy: {
        saslUsers: new Map([['alice', 'right']]),
        authProviders: providers,
        authFailuresMax: 3,
      },
    })
  })
  afterEach(() => bench.close())

  /** The code of the answer; undefined: the connection was closed without one. */
  type Attempt = (password: string) => Promise<number | undefined>
  const answerOf = async (client: RawClient, reply: Promise<{ err: number }>) =>
    Promise.race([reply.then(({ err }) => err), client.waitFor(() => client.closed)]).then((err) =>
      typeof err === 'number' ? err : undefined,
    )
  const sasl: Attempt = async (password) => {
    const client = await bench.connect(served)
    const first = client.sasl(Buffer.alloc(0))
    if ((await answerOf(client, first)) === undefined) return undefined
    const challenge = String((await first).record.token)
    return answerOf(client, client.sasl(saslAnswer(challenge, 'alice', password)))
  }
  const auth =
    (scheme: string, prefix = ''): Attempt =>
    async (password) => {
      const client = await bench.connect(served)
      return answerOf(client, client.auth(scheme, `${prefix}${password}`))
    }

  for (const [name, attempt, wrong] of [
    ['sasl', sasl, AUTH_FAILED],
    ['a scheme of its own', auth('token'), AUTH_FAILED],
    // As ZooKeeper: any digest proves the identity that it makes.
    ['the digest of a super user', auth('digest', 'super:'), 0],
  ] as const) {
    it(`${name}: as ZooKeeper answers up to the bound, then closed without an answer`, async () => {
      expect(await attempt('right')).to.equal(0)
      for (let i = 0; i < 3; i++) expect(await attempt(`wrong${i}`)).to.equal(wrong)
      for (const password of ['wrong', 'right']) expect(await attempt(password)).to.equal(undefined)
      expect(served.proxy.guesses.throttled).to.equal(2)
      // Ordinary digests prove something in any case, and are no guesses.
      expect(await auth('digest', 'bob:')('any')).to.equal(0)
      served.proxy.reconfigure({ authFailuresMax: 0 })
      expect(await attempt('right')).to.equal(0)
    })
  }

  it('a right password costs nothing, however often; neither does a module that fails', async () => {
    const right = [sasl, auth('token'), auth('digest', 'super:')]
    for (let i = 0; i < 5; i++) for (const one of right) expect(await one('right')).to.equal(0)
    for (let i = 0; i < 5; i++) expect(await auth('token')('broken')).to.equal(AUTH_FAILED)
    expect(await auth('token')('right')).to.equal(0)
    expect(served.proxy.guesses.size).to.equal(0)
  })
})
