/** The known name that somebody may have meant. */

/** Edits that turn one into the other: insert, delete, replace, swap two neighbours. Case is ignored. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let edits = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) edits = Math.min(edits, before[j - 2]! + 1)
      row.push(edits)
    }
    before = above
    above = row
  }
  return above[b.length]!
}

/** undefined: none is near. `name` may be long: what is longer than every known name is near to none. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let edits = Math.max(2, Math.floor(name.length / 4)) + 1
  for (const one of known) {
    if (Math.abs(one.length - name.length) >= edits) continue
    const found = distance(name.toLowerCase(), one.toLowerCase())
    if (found < edits) [best, edits] = [one, found]
  }
  return best
}
