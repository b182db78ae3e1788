/**
 * The caller's line in the stack of an error that is made later, in another turn of the event loop. Capturing the stack
 * of a call costs twice what a read in the process does, so reads leave it to the engine, which knows who awaits them.
 * Neighbours: pending-requests, callback-faults.
 */
export interface CallTrace {
  /** A first line, and the frames. The engine makes text of them only when it is read. */
  readonly stack: string
}

/** `above`: the function whose caller is the first frame. */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function captureTrace(above: Function): CallTrace {
  const trace = {} as CallTrace
  Error.captureStackTrace(trace, above)
  return trace
}

/** The same error, with the stack of the call; undefined: none was captured. */
export function withTrace<E extends Error>(error: E, trace: CallTrace | undefined): E {
  if (trace === undefined) return error
  const frames = trace.stack.slice(trace.stack.indexOf('\n'))
  error.stack = `${error.name}: ${error.message}${frames}`
  return error
}

/** As `answer`. What it rejects with gets the stack of those that await this one, if they do: it costs nothing before. */
export async function withAwaiting<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error) Error.captureStackTrace(error, withAwaiting)
    throw error
  }
}
