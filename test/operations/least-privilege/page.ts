/** Runs the shell commands of docs/operations.md on an etcd under test. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { etcdProgram } from '../../support/requirements.ts'

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')

/** The commands of a section's first block for a shell. */
export function commandsOf(heading: string): string {
  const section = page.split(`\n${heading}\n`)[1]
  const block = /```sh\n(.*?)```/s.exec(section?.split(/\n#{1,3} /)[0] ?? '')?.[1]
  if (block === undefined) throw new Error(`docs/operations.md has no commands behind "${heading}"`)
  return block
}

/** `environment`: what etcdctl is to know of the server. */
export async function runCommands(
  commands: string,
  folder: string,
  environment: Record<string, string>,
): Promise<void> {
  await promisify(execFile)('/bin/sh', ['-ec', commands], {
    cwd: folder,
    env: {
      PATH: `${dirname(etcdProgram())}:${process.env.PATH}`,
      ETCDCTL_COMMAND_TIMEOUT: '60s',
      ...environment,
    },
    timeout: 120_000,
  })
}
