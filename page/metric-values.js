/** Numbers of /metrics, and what a histogram says of the time between two looks. Pure. */

/** @typedef {Map<string, number>} Numbers by name, with labels as they are written */

/** @param {string} text @returns {Numbers} */
export function parseMetrics(text) {
  const numbers = new Map()
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ')
    if (line.startsWith('#') || at < 0) continue
    numbers.set(line.slice(0, at), Number(line.slice(at + 1)))
  }
  return numbers
}

/**
 * Of what a histogram counted between two looks, ms; within a bucket the values are taken to be spread evenly. undefined: nothing was.
 * @param {Numbers} before @param {Numbers} now @param {string} name @param {string} label @param {number} q
 */
export function quantileBetween(before, now, name, label, q) {
  /** @type {[bound: number, count: number][]} */
  const buckets = []
  for (const [key, value] of now) {
    if (!key.startsWith(`${name}_bucket{`) || !key.includes(label)) continue
    const bound = /le="([^"]+)"/.exec(key)?.[1] ?? ''
    buckets.push([bound === '+Inf' ? Infinity : Number(bound), value - (before.get(key) ?? 0)])
  }
  buckets.sort(([a], [b]) => a - b)
  const total = buckets.at(-1)?.[1] ?? 0
  if (total <= 0) return undefined
  let low = 0
  let seen = 0
  for (const [bound, count] of buckets) {
    if (count >= q * total) {
      if (bound === Infinity) return low * 1000
      const part = count === seen ? 1 : (q * total - seen) / (count - seen)
      return (low + (bound - low) * part) * 1000
    }
    low = bound
    seen = count
  }
  return undefined
}
