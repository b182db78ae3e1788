/** What a verb of many steps says when it does not come to its end: a script, or a person, must not take a part for all. Neighbour: verb. */
import { isReaderGone } from './exit-codes.ts'
import type { Run } from './verb.ts'

export interface HowFar {
  /** Steps that are done. */
  done(): number
  /** The sentence. */
  text(): string
  /** Nothing was changed: who has closed the pipe, as head does, wants no sentence. @default false */
  readonly isRead?: boolean
}

/** Runs `steps`. When they are interrupted, or fail behind the first, the sentence is said on stderr, and the error continues. */
export async function sayingHowFar<T>(
  { output, signal }: Run,
  { done, text, isRead = false }: HowFar,
  steps: () => Promise<T>,
): Promise<T> {
  try {
    return await steps()
  } catch (error) {
    const isPart = done() > 0 || signal.aborted
    if (isPart && !(isRead && isReaderGone(error))) output.say(text())
    throw error
  }
}
