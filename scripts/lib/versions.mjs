/** The versions the scripts fetch and build, from scripts/versions.json; test/support reads it too. */
import { readFileSync } from 'node:fs'

/**
 * @type {{node: Record<string, string>, typescriptOldest: string, etcd: string, etcdOthers: Record<string, string>, etcdFloors: Record<string, string>,
 *   zookeeper: Record<string, Record<string, string>>, slf4jReload4j: string,
 *   kafka: Record<string, string>, curator: string, kazooSuite: Record<string, string>}}
 */
export const versions = JSON.parse(
  readFileSync(new URL('../versions.json', import.meta.url), 'utf8'),
)

/** Negative, zero or positive, as a sorts before, with or after b. Both are dotted numbers. */
export function compareVersions(a, b) {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** A release line that still gets fixes, at the patch the floor names or later. */
export function isMaintainedEtcd(version) {
  const lines = Object.keys(versions.etcdFloors).sort(compareVersions)
  const line = version.split('.').slice(0, 2).join('.')
  const floor = versions.etcdFloors[line]
  if (floor !== undefined) return compareVersions(version, floor) >= 0
  return compareVersions(line, lines.at(-1)) > 0
}
