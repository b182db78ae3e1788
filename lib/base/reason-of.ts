/** What was thrown, as a sentence for a log line or another error; also of what has no text. */
export function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'something that has no text was thrown'
  }
}
