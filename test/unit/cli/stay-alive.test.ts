/** A command that waits for an unreferenced timer alone, as the library's are, ends when it is done. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const stayAlive = fileURLToPath(new URL('../../../cli/stay-alive.ts', import.meta.url))
const clock = fileURLToPath(new URL('../../../lib/base/clock.ts', import.meta.url))

const run = (hold: string) =>
  spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { stayAlive } from ${JSON.stringify(stayAlive)}
      import { systemClock } from ${JSON.stringify(clock)}
      const release = ${hold}
      await new Promise((resolve) => systemClock.after(50, resolve))
      console.log('done')
      release()`,
    ],
    { encoding: 'utf8' },
  )

describe('cli/stay-alive', () => {
  it('the process lives until it is released, and no longer', () => {
    const { status, stdout } = run('stayAlive()')
    expect([status, stdout]).to.deep.equal([0, 'done\n'])
  })

  it('without it Node ends in the middle', () => {
    const { status, stdout } = run('() => {}')
    expect([status, stdout]).to.deep.equal([13, ''])
  })
})
