/** Compilers, at test time: what they say is the error. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Paths of the files beside the tests in `folder` that end so. */
export function sourcesIn(folder: string, ending: string): string[] {
  const path = fileURLToPath(new URL(`${folder}/`, import.meta.url))
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(path, name))
}

export async function compileWith(compiler: string, args: readonly string[]): Promise<void> {
  await execute(compiler, args, { timeout: 120_000 })
}
