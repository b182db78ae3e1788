/** Bytes as a file of the browser. */

/** A name that no system of files takes for more than a name. @param {string} path of a znode */
export function fileNameOf(path) {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/[^\w-]+/g, '_')
  return `${name.slice(0, 80) || 'data'}.bin`
}

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
