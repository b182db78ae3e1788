import { expect } from 'chai'
import { showProgress } from '../../../cli/progress.ts'

/** A terminal, or a pipe, that keeps what it was sent. */
function sink(isTTY: boolean) {
  let text = ''
  return {
    ...{ isTTY, columns: 100 },
    write(chunk: string): boolean {
      text += chunk
      return true
    },
    get text(): string {
      return text
    },
  }
}

describe('cli/progress', () => {
  it('where there is no terminal: a line every five seconds at most', async () => {
    const stream = sink(false)
    let nowMs = 0
    const progress = await showProgress({ done: 'imported', stream, now: () => nowMs })
    for (let done = 0; done <= 1_000; done += 10) {
      progress.at(done, 1_000)
      nowMs += 120
    }
    progress.end()
    expect(stream.text).to.equal('imported 420 of 1000 znodes\nimported 840 of 1000 znodes\n')
  })

  it('on a terminal: a bar, which goes when it ends, and leaves the cursor alone', async () => {
    const stream = sink(true)
    const progress = await showProgress({ done: 'exported', stream })
    progress.at(300, 1_000)
    expect(stream.text).to.match(/exported 300 of 1000 znodes \[=+-+\] 30 %/)
    progress.end()
    progress.end()
    expect(stream.text, 'the cursor is hidden').to.not.contain('\x1b[?25l')
    expect(stream.text, 'lines are cut').to.not.contain('\x1b[?7l')
    expect(stream.text.endsWith('\x1b[2K'), 'the line is cleared').to.equal(true)
  })

  it('on a terminal that shows the tree itself: nothing', async () => {
    const stream = sink(true)
    const progress = await showProgress({ done: 'exported', stream, bar: false })
    progress.at(300, 1_000)
    progress.end()
    expect(stream.text).to.equal('')
  })
})
