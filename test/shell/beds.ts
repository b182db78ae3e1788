/** What the commands work on: a store, anykeeper over the wire, and ZooKeeper. */
import { join } from 'node:path'
import { openStore } from '../../adapters/index.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import type { Requirement } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

export interface Bed {
  readonly name: string
  readonly needs: readonly Requirement[]
  /** Only one process may use it at a time. */
  readonly isAlone: boolean
  start(): Promise<{ readonly url: string; stop(): Promise<void> }>
}

export const beds: readonly Bed[] = [
  {
    name: 'a store in files',
    needs: [],
    isAlone: true,
    async start() {
      const folder = temporaryFolder('shell')
      const url = `file:${join(folder, 'data')}`
      await (await openStore(url)).close()
      return { url, stop: async () => removeFolder(folder) }
    },
  },
  {
    name: 'zk:// to anykeeper',
    needs: [],
    isAlone: false,
    async start() {
      const server = await startAnykeeper({ args: ['--four-letter-words', '*'] })
      return { url: `zk://${server.connectString}`, stop: () => server.stop() }
    },
  },
  {
    name: 'zk:// to ZooKeeper 3.9',
    needs: ['zookeeper-3.9'],
    isAlone: false,
    async start() {
      const server = await startZookeeper({ version: '3.9' })
      return { url: `zk://${server.connectString}`, stop: () => server.stop() }
    },
  },
]
