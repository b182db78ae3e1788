/** Progress of what takes long, on stderr: a bar on a terminal, otherwise a line every few seconds. */
import type { WriteStream } from 'node:tty'

/** Interval of lines where there is no terminal. Unit: ms. */
const LINE_EVERY_MS = 5_000

export interface Progress {
  /** `done` of `total` znodes, or other units. */
  at(done: number, total: number): void
  /** Removes the bar. */
  end(): void
}

export interface ProgressOptions {
  /** "exported", "imported" */
  readonly done: string
  /** @default 'znodes' */
  readonly unit?: string
  /** @default process.stderr */
  readonly stream?: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean }
  /** false: no bar on a terminal either. @default true */
  readonly bar?: boolean
  /** Monotonic, ms. */
  readonly now?: () => number
}

export async function showProgress(options: ProgressOptions): Promise<Progress> {
  const { stream = process.stderr, bar = true } = options
  if (stream.isTTY !== true) return lines(options)
  return bar ? barOn(stream, options) : { at() {}, end() {} }
}

async function barOn(
  stream: NonNullable<ProgressOptions['stream']>,
  { done, unit = 'znodes' }: ProgressOptions,
): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    stream: stream as WriteStream,
    format: `${done} {value} of {total} ${unit} [{bar}] {percentage} %, {eta_formatted} left`,
    clearOnComplete: true,
    // Ctrl-C ends the process as usual, and the terminal needs no repair.
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

/** Reads the clock instead of using a timer: the copy may leave timers no turn. */
function lines({ done, unit = 'znodes', stream = process.stderr, now }: ProgressOptions): Progress {
  const clock = now ?? (() => performance.now())
  let lastMs = clock()
  return {
    at(count, total) {
      const nowMs = clock()
      if (nowMs - lastMs < LINE_EVERY_MS) return
      lastMs = nowMs
      stream.write(`${done} ${count} of ${total} ${unit}\n`)
    },
    end() {},
  }
}
