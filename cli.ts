#!/usr/bin/env node
/**
 * The command line. It and cli/, one file a command, put the program together: only they import both
 * the adapters and the proxy.
 */
import { main } from './cli/main.ts'
import { flushStdout, guardStreams } from './cli/streams.ts'

guardStreams()
const code = await main(process.argv.slice(2))
if (code !== undefined) {
  await flushStdout()
  // A help that could not be written is a failure.
  process.exit(code === 0 ? process.exitCode : code)
}
