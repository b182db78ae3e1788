/**
 * Calls the authentication schemes of one's own, and lets nothing that they do harm anybody but their client.
 * Line: authentication → here → the module that was configured.
 */
import {
  ACL_SCHEMES_DEFAULT,
  type AclSchemes,
  type AuthId,
  checkNames,
  deadline,
  type IdCheck,
  type Keeper,
  type Logger,
  optionNames,
  reasonOf,
  SUPER_ID,
  silentLogger,
} from '../../lib/internal.ts'
import type { AuthClient, AuthProvider, ProvenIds } from './auth-provider.ts'

type Clock = Keeper['clock']
/** undefined: refused; 'no answer': so is the client, and nothing is known of its credentials. */
export type Proven = readonly AuthId[] | undefined | 'no answer'

/** Schemes that a provider cannot take over. */
export const RESERVED_SCHEMES: ReadonlySet<string> = new Set([
  ...['world', 'auth', 'super', 'ip', 'digest', 'sasl', 'x509'],
])

/** Options of {@link AuthProviders}. */
export interface AuthProvidersOptions {
  /** Time for an answer: then the client is refused. Unit ms. @default 10000 */
  readonly timeoutMs?: number
  /** @default silentLogger */
  readonly logger?: Logger
}

const OPTIONS = optionNames<AuthProvidersOptions>({ timeoutMs: true, logger: true })

/** What happened in the calls of all providers. */
export interface AuthProviderCounters {
  /** They threw, rejected, or answered what is no answer. */
  failures: number
  /** They did not answer in time. */
  timeouts: number
}

function checkProvider(provider: AuthProvider): void {
  const { scheme } = provider
  if (typeof scheme !== 'string' || !/^[\w.-]{1,64}$/.test(scheme)) {
    const rule = 'letters, digits, "_", "." and "-", 64 at most'
    throw new TypeError(`an authentication provider has no "scheme", or not one of ${rule}`)
  }
  if (RESERVED_SCHEMES.has(scheme)) {
    throw new TypeError(`the scheme "${scheme}" is built in: a provider needs a name of its own`)
  }
  for (const name of ['authenticate', 'isValid'] as const) {
    if (typeof provider[name] === 'function') continue
    throw new TypeError(`the authentication provider of "${scheme}" has no method "${name}"`)
  }
}

const isPromise = <T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> =>
  typeof (answer as PromiseLike<T> | null | undefined)?.then === 'function'

/** The authentication schemes of one's own that a proxy offers. */
export class AuthProviders {
  /** Since the start. */
  readonly counters: AuthProviderCounters = { failures: 0, timeouts: 0 }
  readonly #providers = new Map<string, AuthProvider>()
  readonly #timeoutMs: number
  readonly #logger: Logger

  /** @throws {TypeError} a provider lacks something, two have one scheme, a scheme is built in, or an option is not known */
  constructor(providers: readonly AuthProvider[], options: AuthProvidersOptions = {}) {
    checkNames(options, OPTIONS)
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.#logger = options.logger ?? silentLogger
    for (const provider of providers) {
      checkProvider(provider)
      const { scheme } = provider
      if (this.#providers.has(scheme)) {
        throw new TypeError(`two authentication providers have the scheme "${scheme}"`)
      }
      this.#providers.set(scheme, provider)
    }
  }

  /** Their names. */
  get schemes(): readonly string[] {
    return [...this.#providers.keys()]
  }

  /**
   * What `Keeper.open` needs as `aclSchemes`, so that ACLs may name these schemes.
   * @param builtIn those that are offered besides; others may be added to it later
   */
  aclSchemes(builtIn: ReadonlySet<string> = ACL_SCHEMES_DEFAULT): AclSchemes {
    const checks = new Map<string, IdCheck>()
    for (const [scheme, provider] of this.#providers) {
      checks.set(scheme, (id) => this.#judge(scheme, 'isValid', () => provider.isValid(id)))
    }
    return {
      has: (scheme) => builtIn.has(scheme) || checks.has(scheme),
      get: (scheme) => checks.get(scheme),
    }
  }

  /** What these credentials prove: immediately, or later. It does not reject. @internal */
  authenticate(
    scheme: string,
    credentials: Uint8Array,
    client: Omit<AuthClient, 'signal'> & { readonly clock: Clock; readonly gone: AbortController },
  ): Proven | Promise<Proven> {
    const provider = this.#providers.get(scheme)
    if (provider === undefined) return undefined
    const { address, certificate, clock, gone } = client
    let answered: Promise<ProvenIds | undefined>
    try {
      // A copy: the memory that the packet lies in is reused.
      const own = Uint8Array.from(credentials)
      const answer = provider.authenticate(own, { address, certificate, signal: gone.signal })
      // Promises of other libraries, too.
      if (!isPromise(answer)) return this.#proven(provider, answer)
      answered = Promise.resolve(answer)
    } catch (error) {
      return this.#failed(scheme, error)
    }
    return new Promise((resolve) => {
      const cancel = deadline(clock, this.#timeoutMs, () => {
        this.counters.timeouts++
        this.#logger.warn(
          { scheme, address, timeoutMs: this.#timeoutMs },
          'an authentication provider did not answer in time',
        )
        gone.abort()
        resolve('no answer')
      })
      const done = (proven: Proven) => {
        cancel()
        resolve(proven)
      }
      answered
        .then((proven) => this.#proven(provider, proven))
        .catch((error: unknown) => this.#failed(scheme, error))
        .then(done)
    })
  }

  #proven(provider: AuthProvider, answer: ProvenIds | undefined): Proven {
    if (answer === undefined || answer === null) return undefined
    const { scheme } = provider
    const { ids: given, isSuperUser } = answer
    // A copy: what is checked is what is used.
    const ids = Array.isArray(given) ? [...given] : []
    if (ids.length === 0 || ids.some((id) => typeof id !== 'string' || id === '')) {
      return this.#failed(scheme, new TypeError('its answer has no list of ids'))
    }
    const proven = ids.map((id): AuthId => {
      if (provider.matches === undefined) return { scheme, id }
      const matches = (idInAcl: string) =>
        this.#judge(scheme, 'matches', () => provider.matches?.(id, idInAcl) === true)
      return { scheme, id, matches }
    })
    return isSuperUser === true ? [SUPER_ID, ...proven] : proven
  }

  #judge(scheme: string, method: string, ask: () => boolean): boolean {
    try {
      const answer: unknown = ask()
      if (!isPromise(answer)) return answer === true
      // Nobody else looks at it, and a rejection that nobody looks at would end the process.
      Promise.resolve(answer).catch(() => {})
      throw new TypeError('it answers with a promise, and must answer immediately')
    } catch (error) {
      this.#failed(scheme, error, method)
      return false
    }
  }

  #failed(scheme: string, error: unknown, method = 'authenticate'): 'no answer' {
    this.counters.failures++
    const reason = reasonOf(error)
    this.#logger.error({ scheme, method, reason }, 'an authentication provider failed')
    return 'no answer'
  }
}
