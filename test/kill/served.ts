/** What ZooKeeper's clients do when a server cuts them, because its store is silent: come back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient, type RawConnectOptions } from '../support/raw-client.ts'

const CUT = /^closed before the connect response|^connection closed/
/** Unit: ms. */
const PATIENCE_MS = 30_000

/**
 * Runs `use` with a connected client; again with the next one when that is cut meanwhile, so `use`
 * is something that may be repeated. The client is ended, unless it is what `use` returns.
 * @throws {Error} what `use` throws, or the last cut when it took too long.
 */
export async function served<T>(
  port: number,
  use: (client: RawClient) => Promise<T>,
  options: Omit<RawConnectOptions, 'port'> = {},
): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    let client: RawClient | undefined
    let result: T | undefined
    try {
      client = await RawClient.connect({ ...options, port })
      result = await use(client)
      if (client !== result) await client.close()
      return result
    } catch (error) {
      if (!CUT.test((error as Error).message) || performance.now() > endMs) throw error
      await sleep(20)
    } finally {
      if (client !== undefined && client !== result) client.destroy()
    }
  }
}
