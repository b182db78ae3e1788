/** Shared by export and import: opening the store, messages. */
import { InvalidArgumentError } from 'commander'
import { openStore } from '../adapters/index.ts'
import { isValidPath, type MetadataStore, type TreeSummary } from '../lib/index.ts'
import { warningsOf } from './flags.ts'
import { printableText } from './znode/printable.ts'

/** Messages go to stderr: stdout may be the tree itself. Names of others in them are harmless for a terminal. */
export function say(text: string): void {
  process.stderr.write(`${printableText(text)}\n`)
}

/** Opens the store for `use` and closes it afterwards, whatever the outcome. */
export async function withStore<T>(
  url: string,
  options: { readonly create: boolean },
  use: (store: MetadataStore) => Promise<T>,
): Promise<T> {
  const store = await openStore(url, options)
  try {
    for (const warning of warningsOf(store)) say(`warning: ${warning}`)
    return await use(store)
  } finally {
    await store.close()
  }
}

export function shownSummary({ znodes, sessions, zxid, sha256 }: TreeSummary): string {
  return `${znodes} znodes, ${sessions} sessions, zxid 0x${zxid.toString(16)}, sha256 ${sha256}`
}

export function parseZnodePath(text: string): string {
  if (!isValidPath(text)) throw new InvalidArgumentError('expected the path of a znode, e.g. /app.')
  return text
}
