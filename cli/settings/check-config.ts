/** `serve --check-config`: what the settings are and where they come from. Nothing is opened. */
import type { Resolved } from './resolve.ts'

/** Lines for stdout, and those for stderr. */
export interface Report {
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Each setting with its value, "…" for a secret. */
export function reportOf({ values, problems, warnings }: Resolved): Report {
  return {
    out: values
      .shown()
      .map(({ setting: { name }, text, origin }) => `${name} = ${text} (${origin.shown})`),
    err: [
      ...warnings.map((warning) => `warning: ${warning}`),
      ...problems.map((problem) => `error: ${problem}`),
    ],
  }
}
