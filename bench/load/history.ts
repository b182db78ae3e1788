/**
 * etcd's history of what a load wrote. anykeeper has it compacted minutes later, under whatever load runs
 * then; here each load pays for its own. Neighbour: worker.
 */
import type { Target } from './link.ts'

/**
 * Compacts all of it, and waits until that is done: two calls of etcd's JSON gateway, for a client of
 * etcd's takes as long to load as a short load runs.
 */
export async function compactHistory({ host, port }: Target): Promise<void> {
  const call = async (path: string, body: object): Promise<{ header?: { revision: string } }> => {
    const init = { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`http://${host}:${port}/v3/kv/${path}`, init)
    const text = await response.text()
    // Nothing was written since the last time.
    if (!response.ok && !text.includes('has been compacted')) {
      throw new Error(`etcd's ${path}: ${response.status} ${text}`)
    }
    return JSON.parse(text)
  }
  const { header } = await call('range', { key: Buffer.from('0').toString('base64') })
  await call('compaction', { revision: header!.revision, physical: true })
}
