/**
 * `npm run bench -- [suite] [options]`: runs one suite, prints its Markdown; with --write it becomes
 * that suite's part of bench/results.md. Neighbours: options, suites.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadNames } from './load/loads.ts'
import { type Options, parseOptions } from './options.ts'
import { PEERS } from './peers/peers.ts'
import { writeSection } from './report/results-file.ts'
import { SUITES } from './suites/suites.ts'

const DOCS = new URL('../docs/', import.meta.url)

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const usage = (): string => `usage: npm run bench -- [suite] [options]

suites:
${Object.entries(SUITES)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

options, with what they are good for:
  --rounds N            how often each is measured in turn
  --seconds S           how long each time
  --only load,…         other loads: ${loadNames().join(', ')}
  --peers peer,…        other peers: ${Object.keys(PEERS).join(', ')}
  --sizes N,…           of cold-start, memory and growth
  --zookeeper-heap MIB  of ZooKeeper's JVM
  --profile FOLDER      CPU profiles of the proxies go there
  --base FOLDER         another checkout that is built: peer "base", and what commit-path compares with
  --quick               small and short, to see that everything works
  --write               into bench/results.md and docs/
`

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  let options: Options
  try {
    options = parseOptions(args, Object.keys(SUITES))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage()}`)
    process.exitCode = 2
    return
  }
  if (options.help) return say(usage())
  if (options.profileFolder !== undefined) mkdirSync(options.profileFolder, { recursive: true })
  const { text, charts = [] } = await SUITES[options.suite]!.run({ options, args, say })
  say(text)
  if (!options.write) return
  writeSection(options.suite, text)
  for (const { file, svg } of charts) writeFileSync(new URL(file, DOCS), svg)
}

await main()
