/** A process in which the package lmdb is not installed: says what `openStore` and `backupFileStore` are rejected with. */
import { register } from 'node:module'

const hook = `export async function resolve(name, context, next) {
  if (name === 'lmdb') throw new Error('Cannot find package')
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const { backupFileStore, openStore } = await import('../../../adapters/index.ts')
const [source = '', folder = ''] = process.argv.slice(2)
for (const call of [
  () => openStore(`file:${folder}/new`),
  () => backupFileStore(source, `${folder}/copy`),
]) {
  await call().then(
    () => console.log('fulfilled'),
    ({ code, message }: Error & { code: string }) => console.log(`${code}: ${message}`),
  )
}
