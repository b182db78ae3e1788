/** The groups by time, as text: the longest first, each with its slowest test. */

const titleMax = 60

/**
 * @param {readonly {name: string, tests: number, ms: number, slowest?: {title: string, ms: number}}[]} times
 * @param {number} totalMs from the first step to now
 */
export function timeTable(times, totalMs) {
  const rows = times.toSorted((a, b) => b.ms - a.ms).map(rowOf)
  const head = ['group', 'tests', 'seconds', 'slowest test']
  const widths = [0, 1, 2].map((at) => Math.max(...[head, ...rows].map((row) => row[at].length)))
  const line = (row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at] ?? 0)))
  const lines = [head, ...rows].map((row) => line(row).join('  '))
  return [...lines, `all in ${seconds(totalMs)} s`].join('\n')
}

function rowOf({ name, tests, ms, slowest }) {
  const title = slowest === undefined ? '' : `${seconds(slowest.ms)} s: ${shortened(slowest.title)}`
  return [name, String(tests), seconds(ms), title]
}

const seconds = (ms) => (ms / 1000).toFixed(0)

const shortened = (title) => (title.length > titleMax ? `${title.slice(0, titleMax - 1)}…` : title)
