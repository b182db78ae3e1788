/** What `--version` prints. */
import { readFileSync } from 'node:fs'
import { ZOOKEEPER_VERSION } from '../proxy/index.ts'

/** Beside the sources, or above the build. */
const PLACES = ['../package.json', '../../package.json']

/** Of this package. */
export function packageVersion(): string {
  for (const place of PLACES) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8')
      const { name, version } = JSON.parse(text) as { name?: string; version?: string }
      if (name === 'anykeeper' && version !== undefined) return version
    } catch {}
  }
  return 'unknown'
}

export const versionLine = (): string =>
  `anykeeper ${packageVersion()} (ZooKeeper ${ZOOKEEPER_VERSION.replace(/-.*/, '')})`
