/** How far a copy is, on stderr: a bar on a terminal, else a line every few seconds. */
import type { WriteStream } from 'node:tty'

/** Between two lines where there is no terminal. Unit: ms. */
const LINE_EVERY_MS = 5_000

export interface Progress {
  /** So many znodes of so many are done. */
  at(done: number, total: number): void
  /** Takes the bar away. */
  end(): void
}

export interface ProgressOptions {
  /** "exported", "imported" */
  readonly done: string
  /** @default process.stderr */
  readonly stream?: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean }
  /** false: no bar, although it is a terminal. @default true */
  readonly bar?: boolean
  /** Monotonic, ms. */
  readonly now?: () => number
}

export async function showProgress(options: ProgressOptions): Promise<Progress> {
  const { stream = process.stderr, bar = true } = options
  if (stream.isTTY !== true) return lines(options)
  return bar ? barOn(stream, options.done) : { at() {}, end() {} }
}

async function barOn(
  stream: NonNullable<ProgressOptions['stream']>,
  done: string,
): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    stream: stream as WriteStream,
    format: `${done} {value} of {total} znodes [{bar}] {percentage} %, {eta_formatted} left`,
    clearOnComplete: true,
    // Ctrl-C ends the process as usual: the terminal is left as it was found.
    gracefulExit: false,
    hideCursor: null,
    linewrap: true,
  })
  return {
    at(count, total) {
      if (bar.isActive) bar.update(count)
      else bar.start(total, count)
    },
    end: () => bar.stop(),
  }
}

/** By the clock and not by a timer: it is told often, and may leave timers no turn. */
function lines({ done, stream = process.stderr, now }: ProgressOptions): Progress {
  const clock = now ?? (() => performance.now())
  let lastMs = clock()
  return {
    at(count, total) {
      const nowMs = clock()
      if (nowMs - lastMs < LINE_EVERY_MS) return
      lastMs = nowMs
      stream.write(`${done} ${count} of ${total} znodes\n`)
    },
    end() {},
  }
}
