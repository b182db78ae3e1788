/** The file store keeps to the contract; damage, space and other processes: embedded-faults.test.ts. */
import { openEmbeddedStore } from '../../adapters/embedded/embedded-store.ts'
import { storeConformance } from '../conformance/store.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

storeConformance({
  name: 'file',
  features: { persistent: true, shared: false },
  factory: async () => {
    const folder = temporaryFolder('file-store')
    return {
      open: () => openEmbeddedStore({ folder, progressMs: 100 }),
      stop: async () => removeFolder(folder),
    }
  },
})
