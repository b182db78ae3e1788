/** Finds etcd3, an optional peer dependency: only an etcd store needs it. Neighbours: etcd-store, which imports it; index. */
import { StoreError } from '../../lib/model/errors.ts'

/** To be awaited before anything that imports etcd3. @throws {StoreError} STORE_UNSUPPORTED, saying what to install */
export async function requireEtcd3(
  load: () => Promise<unknown> = () => import('etcd3'),
): Promise<void> {
  try {
    await load()
  } catch (error) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      'the etcd store needs the package etcd3, which is not installed: npm install etcd3',
      { cause: error },
    )
  }
}
