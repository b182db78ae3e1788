/** Path rules and arithmetic. Pure. Source: PathUtils.validatePath, ZKPaths. */

/** Characters ZooKeeper refuses anywhere in a path, by UTF-16 unit. */
function isForbidden(unit: number): boolean {
  // Nearly every one is ASCII.
  if (unit < 0x7f) return unit <= 0x1f
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || (unit >= 0xfff0 && unit <= 0xffff)
}

/**
 * A legal znode path: absolute, no empty, "." or ".." component, no trailing slash (but "/"
 * itself), no control, surrogate or private-use unit. Every astral character is illegal, as in
 * ZooKeeper.
 */
export function isValidPath(path: string): boolean {
  const { length } = path
  if (length === 0 || path.charCodeAt(0) !== 47) return false
  if (length === 1) return true
  if (path.charCodeAt(length - 1) === 47) return false
  let start = 1
  for (let i = 1; i <= length; i++) {
    const unit = i === length ? 47 : path.charCodeAt(i)
    if (unit === 47) {
      const size = i - start
      if (size === 0) return false
      if (size === 1 && path.charCodeAt(start) === 46) return false
      if (size === 2 && path.charCodeAt(start) === 46 && path.charCodeAt(start + 1) === 46) {
        return false
      }
      start = i + 1
    } else if (isForbidden(unit)) return false
  }
  return true
}

/** Everything before the last slash; "/" for a child of the root. The path must contain a slash. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** 0 for the root, 1 for its children. */
export function depthOf(path: string): number {
  if (path === '/') return 0
  let depth = 0
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) === 47) depth++
  return depth
}

/** The znodes every server has. They cannot be deleted. Source: DataTree.isSpecialPath. */
export const RESERVED = {
  root: '/',
  zookeeper: '/zookeeper',
  quota: '/zookeeper/quota',
  config: '/zookeeper/config',
} as const

export function isReservedPath(path: string): boolean {
  return (
    path === '/' ||
    path === RESERVED.zookeeper ||
    path === RESERVED.quota ||
    path === RESERVED.config
  )
}
