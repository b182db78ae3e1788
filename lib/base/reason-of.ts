/** What was thrown, as a sentence for a log line or another error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
