/** Whether the files that a store's URL names can be used, without a connection. Neighbours: tls-files.ts, secret-file.ts. */
import type { CredentialSources } from './credentials.ts'
import { readSecretLine } from './secret-file.ts'
import { readTlsFiles } from './tls-files.ts'

/** @throws {StoreError} STORE_INVALID when one cannot be read, or they do not fit together */
export async function checkSources(sources: CredentialSources): Promise<void> {
  const { userFile, passwordFile, ca, cert, key } = sources
  if (userFile !== undefined) await readSecretLine('userFile', userFile)
  if (passwordFile !== undefined) await readSecretLine('passwordFile', passwordFile)
  await readTlsFiles({ ca, cert, key })
}
