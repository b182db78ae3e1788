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
  run: Run,
  { done, text, isRead = false }: HowFar,
  steps: () => Promise<T>,
): Promise<T> {
  try {
    return await steps()
  } catch (error) {
    const isPart = done() > 0 || run.signal.aborted
    if (isPart && !(isRead && isReaderGone(error))) {
      run.output.say(text())
      run.isHowFarSaid = true
    }
    throw error
  }
}

/** Of a run that was interrupted: nobody may take it for one that has changed nothing while a write of it has no answer. */
export function sayUnanswered({ target, output, isHowFarSaid }: Run): void {
  if (isHowFarSaid === true || !target.client.caller.session.isWriting) return
  output.say(
    'interrupted: the write that was sent may have been applied, or may yet be: read before it is sent again',
  )
}
