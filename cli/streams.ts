/** stdout and stderr of this process: a reader that ended, or a full disk, ends a command without a stack. Neighbour: main. */

/** "Another error", as everywhere: see znode/exit-codes. */
const EXIT_ERROR = 1

/** Called once, before anything is written. */
export function guardStreams(): void {
  const { stdout, stderr } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exitCode = EXIT_ERROR
    // A command that awaits its writes says it itself; a reader that ended, as head does, wants no sentence.
    if (stdout.listenerCount('error') > 1 || error.code === 'EPIPE') return
    stderr.write(`error: stdout cannot be written: ${error.message}\n`)
  })
  // There is nobody left to say it to.
  stderr.on('error', () => {})
}

/** Resolves when what was written is, or is known not to be: Node says that in a later turn, also of a file. */
export async function flushStdout(): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  await new Promise<void>((resolve) => setImmediate(resolve))
}
