/** The API tests: the conformance suites that the package publishes, on the durable store it has inside. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from 'anykeeper/adapters'
import { keeperConformance, storeConformance } from 'anykeeper/conformance'

async function factory() {
  const folder = mkdtempSync(join(tmpdir(), 'anykeeper-packed-'))
  return {
    open: () => openStore(`file:${folder}`),
    stop: async () => rmSync(folder, { recursive: true, force: true }),
    // The last handle gave the folder back: the next one opens it from the disk.
    restart: async () => {},
  }
}

const features = { persistent: true, shared: false }
storeConformance({ name: 'file', features, factory })
keeperConformance({ name: 'file', features, factory })
