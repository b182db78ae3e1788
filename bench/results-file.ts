/** bench/results.md: the measured part is replaced, what people wrote around it stays. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const RESULTS = new URL('results.md', import.meta.url)
const BEGIN = '<!-- measured: written by npm run bench -- --write -->'
const END = '<!-- end of measured -->'

export function writeResults(measured: string): void {
  const block = `${BEGIN}\n\n${measured}\n${END}`
  const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
  const begin = old.indexOf(BEGIN)
  const end = old.indexOf(END)
  if (begin < 0 || end < begin) {
    writeFileSync(RESULTS, `${old === '' ? '# Bench results\n' : old}\n${block}\n`)
    return
  }
  writeFileSync(RESULTS, `${old.slice(0, begin)}${block}${old.slice(end + END.length)}`)
}
