/** A build of anykeeper in this process, by its dist folder. Neighbours: loads, suites/commit-path. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Keeper, MetadataStore } from '../../lib/index.ts'

/** What is used of a build: the same in every version since 0.1. */
interface Library {
  readonly Keeper: { open(options: { readonly store: MetadataStore }): Promise<Keeper> }
}
interface Adapters {
  openStore(url: string): Promise<MetadataStore>
}

export interface Build {
  readonly keeper: Keeper
  stop(): Promise<void>
}

/** A keeper of the build, on a store in memory. @param folder has dist/. */
export async function openBuild(folder: string): Promise<Build> {
  const load = async <T>(file: string) =>
    (await import(pathToFileURL(join(folder, 'dist', file)).href)) as T
  const { Keeper } = await load<Library>('lib/index.js')
  const { openStore } = await load<Adapters>('adapters/index.js')
  const store = await openStore('memory:')
  const keeper = await Keeper.open({ store })
  return {
    keeper,
    async stop() {
      await keeper.close()
      await store.close()
    },
  }
}
