/** Paths as they are typed in the shell: from the current znode, with . and .. */

/** An absolute path, without a slash at its end. */
export function resolvePath(current: string, path: string): string {
  const names: string[] = []
  const all = path.startsWith('/') ? path : `${current}/${path}`
  for (const name of all.split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return `/${names.join('/')}`
}
