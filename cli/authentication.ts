/** From the settings to the schemes that a proxy offers. Neighbours: settings/groups/authentication, serve. */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Keeper, KeeperOptions, Logger } from '../lib/index.ts'
import { reasonOf } from '../lib/internal.ts'
import { type AuthProvider, AuthProviders } from '../proxy/index.ts'
import { UsageError } from './flags.ts'
import * as settings from './settings/groups/authentication.ts'
import type { Get } from './settings/setting.ts'

/** A path where it looks like one. */
const specifierOf = (module: string): string =>
  /^(\.{0,2}\/|[A-Za-z]:[\\/])|\.(m?js|m?ts)$/.test(module)
    ? pathToFileURL(resolve(module)).href
    : module

async function load({ scheme, module }: settings.NamedProvider): Promise<AuthProvider> {
  let loaded: { readonly default?: unknown }
  try {
    loaded = (await import(specifierOf(module))) as typeof loaded
  } catch (error) {
    throw new UsageError(
      `--auth-provider: the module ${module} of the scheme ${scheme} cannot be loaded: ${reasonOf(error)}`,
    )
  }
  const provider = loaded.default as Partial<AuthProvider> | undefined
  if (typeof provider !== 'object' || provider === null) {
    throw new UsageError(
      `--auth-provider: the module ${module} has no authentication provider as its default export`,
    )
  }
  if (provider.scheme === scheme) return provider as AuthProvider
  throw new UsageError(
    `--auth-provider: the module ${module} is for the scheme "${provider.scheme}", not for "${scheme}"`,
  )
}

/** What of authentication the keeper and the proxy are opened with. */
export interface Schemes {
  readonly keeper: Pick<
    KeeperOptions,
    'aclSchemes' | 'digestAlgorithm' | 'digestEnabled' | 'superDigest'
  >
  /** undefined: there are none. */
  readonly providers: AuthProviders | undefined
  /** Digests of super users, as of the last reload. */
  superDigests(): readonly string[]
  /** The keeper takes what a reload brings, also what came while the tree was loaded. */
  attach(keeper: Keeper): void
  /**
   * SASL may be offered from now on, and there are other super users. SASL that was offered stays.
   * @throws {Error} the super digests are made with another algorithm
   */
  reload(get: Get): void
}

/** @throws {UsageError} a module cannot be loaded, or is no provider */
export async function openSchemes(get: Get, logger: Logger): Promise<Schemes> {
  const builtIn = new Set(settings.builtInSchemes(get))
  const loaded = await Promise.all(get(settings.authProvider).map(load))
  try {
    const providers = new AuthProviders(loaded, { logger, timeoutMs: get(settings.authTimeout) })
    const algorithm = get(settings.digestAlgorithm)
    let superDigests = get(settings.superDigest)
    let attached: Keeper | undefined
    return {
      keeper: {
        aclSchemes: providers.aclSchemes(builtIn),
        digestAlgorithm: algorithm,
        digestEnabled: get(settings.digestAuth),
        superDigest: superDigests,
      },
      superDigests: () => superDigests,
      attach(keeper) {
        attached = keeper
        keeper.digest.setSuperDigests(superDigests)
      },
      providers: loaded.length === 0 ? undefined : providers,
      reload(next) {
        if (settings.builtInSchemes(next).has('sasl')) builtIn.add('sasl')
        if (next(settings.digestAlgorithm) !== algorithm) {
          throw new Error('super-digest: their algorithm changes with a restart, so do they')
        }
        superDigests = next(settings.superDigest)
        attached?.digest.setSuperDigests(superDigests)
      },
    }
  } catch (error) {
    throw new UsageError(`--auth-provider: ${reasonOf(error)}`)
  }
}
