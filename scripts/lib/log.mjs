/** Progress lines, all on stderr, so that a script's stdout stays its result. */
export function say(message) {
  process.stderr.write(`anykeeper: ${message}\n`)
}

/** Runs a step that may take long: says that it began, and how long it took. */
export async function timed(what, step) {
  say(`${what} …`)
  const startedAt = performance.now()
  const result = await step()
  say(`${what}: done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}
