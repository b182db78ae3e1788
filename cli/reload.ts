/** SIGHUP: reads the settings again and takes what can be taken without a restart. Neighbours: serve, settings/load. */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../lib/index.ts'
import { settingsOf } from './settings/given.ts'
import type { Resolved, Values } from './settings/resolve.ts'
import type { Group } from './settings/setting.ts'

/**
 * Takes what it needs of new settings, or reads its files again. Resolves with what was reloaded, such as "certificates",
 * or undefined: there is nothing to say. Rejects: what was there before is still in use.
 */
export type Reloader = (values: Values) => Promise<string | undefined>

interface ReloadOptions {
  readonly groups: readonly Group[]
  /** Of the start. */
  readonly values: Values
  readonly logger: Logger
  /** Reads all sources again. */
  readonly load: () => Resolved
}

export class Reload {
  /** In this order, each time. Add to it. */
  readonly reloaders: Reloader[] = []
  readonly #options: ReloadOptions
  #values: Values
  #running: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined

  constructor(options: ReloadOptions) {
    this.#options = options
    this.#values = options.values
  }

  /** As of the start or, where that was later, of the last reload. */
  get values(): Values {
    return this.#values
  }

  /** Resolves with false where the settings have errors: then nothing has changed. Never rejects. */
  run(): Promise<boolean> {
    if (this.#running === undefined) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    // What changed since the one that runs has read its files; further ones add nothing to it.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.run()
    })
    return this.#next
  }

  async #run(): Promise<boolean> {
    const { logger, load } = this.#options
    const { values, problems } = load()
    if (problems.length > 0) {
      for (const problem of problems) {
        logger.error({ problem }, 'settings not reloaded, those before stay')
      }
      return false
    }
    const changed = this.#changed(this.#values, values, true)
    const atRestart = this.#changed(this.#options.values, values, false)
    const reloaded: string[] = []
    for (const reloader of this.reloaders) {
      try {
        const what = await reloader(values)
        if (what !== undefined) reloaded.push(what)
      } catch (error) {
        logger.error({ err: error }, 'a part was not reloaded, what was there before stays')
      }
    }
    this.#values = values
    logger.info({ changed, reloaded }, 'settings reloaded')
    if (atRestart.length > 0) {
      logger.warn({ settings: atRestart }, 'changed settings that take effect with a restart')
    }
    return true
  }

  /** Names of settings whose values differ, without those that only follow others. */
  #changed(before: Values, after: Values, isReload: boolean): string[] {
    return settingsOf(this.#options.groups)
      .filter(({ reload = false }) => reload === isReload)
      .filter((setting) => before.isGiven(setting) || after.isGiven(setting))
      .filter((setting) => !isDeepStrictEqual(before.get(setting), after.get(setting)))
      .map(({ name }) => name)
  }
}
