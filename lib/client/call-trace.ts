/**
 * Where the caller was when it called: an error that is made later, in another turn of the event loop, gets its stack.
 * The frames are kept by the engine; text is made of them only for an error that is thrown.
 */
export interface CallTrace {
  readonly stack: string
}

/** `above`: the function whose caller is the first frame. */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function captureTrace(above: Function): CallTrace {
  const trace = {} as CallTrace
  Error.captureStackTrace(trace, above)
  return trace
}

/** The same error, with the stack of the call. */
export function withTrace<E extends Error>(error: E, { stack }: CallTrace): E {
  const frames = stack.slice(stack.indexOf('\n'))
  error.stack = `${error.name}: ${error.message}${frames}`
  return error
}
