/** What lib logs to: a pino logger fits, so does a test's collector. */
export interface Logger {
  /** For whoever looks for a fault in the library itself. */
  debug(fields: object, message: string): void
  /** What happens once in a while, as intended. */
  info(fields: object, message: string): void
  /** Something to look at; everything works. */
  warn(fields: object, message: string): void
  /** Somebody has to act, or a fault of the library. */
  error(fields: object, message: string): void
}

const nothing = () => {}
/** Drops every line. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}
