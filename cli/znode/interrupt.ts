/** Ctrl-C, SIGTERM, and SIGHUP of a terminal that was closed: the first one ends what runs in order, the second one the process. Neighbour: one-shot. */
import { onAbort } from '../../lib/internal.ts'

/** What ends a command from outside: Ctrl-C, SIGTERM, and the end of its terminal. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** As a shell reports them. */
const EXIT: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

export class Interrupt {
  readonly #controller = new AbortController()
  readonly #listener = (name: NodeJS.Signals): void => {
    this.exitCode = EXIT[name] as number
    if (this.signal.aborted) process.exit(this.exitCode)
    this.#controller.abort(new Error('interrupted'))
  }
  /** Of a process that was ended so. */
  exitCode = 130

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#listener)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Behind the last thing that is done. One that was interrupted ends here: output that nobody reads would keep the process. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#listener)
    if (this.signal.aborted) process.exit(this.exitCode)
  }
}

/** How long a server may take to answer the end of a session that somebody has interrupted. Unit ms. */
const LEAVE_MS = 500

/** As `ending`; when the signal is aborted, before or meanwhile, it is waited for a moment longer, and then given up. */
export async function endedSoon(ending: Promise<void>, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let forget = (): void => {}
  const givenUp = new Promise<void>((resolve) => {
    const later = (): void => {
      timer = setTimeout(resolve, LEAVE_MS)
    }
    if (signal.aborted) later()
    else forget = onAbort(signal, later)
  })
  await Promise.race([ending, givenUp]).finally(() => {
    forget()
    clearTimeout(timer)
  })
}
