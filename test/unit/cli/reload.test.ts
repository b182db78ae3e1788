import { expect } from 'chai'
import { Reload } from '../../../cli/reload.ts'
import { fromText } from '../../../cli/settings/from-file.ts'
import { logLevel } from '../../../cli/settings/groups/logging.ts'
import { resolve } from '../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../cli/settings/schema.ts'
import { silentLogger } from '../../../lib/index.ts'

describe('cli/reload', () => {
  let text: string
  let loads: number
  let lines: [message: string, fields: object][]
  let reload: Reload

  beforeEach(() => {
    text = ''
    loads = 0
    lines = []
    const add = (fields: object, message: string) => lines.push([message, fields])
    const load = () => {
      loads++
      return resolve(GROUPS, [fromText(GROUPS, 'f', text)])
    }
    const logger = { ...silentLogger, info: add, warn: add, error: add }
    reload = new Reload({ groups: GROUPS, values: load().values, logger, load })
    loads = 0
  })

  it('runs every reloader, also behind one that fails', async () => {
    const levels: string[] = []
    reload.reloaders.push(
      async () => {
        throw new Error('no such certificate')
      },
      async ({ get }) => {
        levels.push(get(logLevel))
        return 'certificates'
      },
    )
    text = 'log-level=warn'
    expect(await reload.run()).to.equal(true)
    expect(levels).to.deep.equal(['warn'])
    expect(lines.map(([message]) => message)).to.deep.equal([
      'a part was not reloaded, what was there before stays',
      'settings reloaded',
    ])
    expect(lines[1]![1]).to.deep.equal({ changed: ['log-level'], reloaded: ['certificates'] })
    // Compared with the last reload, not with the start.
    await reload.run()
    expect(lines.at(-1)![1]).to.deep.equal({ changed: [], reloaded: ['certificates'] })
  })

  it('errors leave everything as it was', async () => {
    reload.reloaders.push(async () => expect.fail('not to be called'))
    text = 'log-level=warn\ntick-time=x'
    expect(await reload.run()).to.equal(false)
    expect(lines).to.deep.equal([
      [
        'settings not reloaded, those before stay',
        { problem: 'f:2: tick-time=x: expected a whole number above 0, without a unit.' },
      ],
    ])
    expect(reload.values.get(logLevel)).to.equal('info')
  })

  it('what needs a restart is named each time, until it is as at the start', async () => {
    text = 'tick-time=500'
    await reload.run()
    await reload.run()
    const warnings = lines.filter(([message]) => message.includes('restart'))
    expect(warnings.map(([, fields]) => fields)).to.deep.equal([
      { settings: ['tick-time'] },
      { settings: ['tick-time'] },
    ])
    text = ''
    await reload.run()
    expect(lines.filter(([message]) => message.includes('restart'))).to.have.length(2)
  })

  it('a flood of signals is one more reload behind the one that runs', async () => {
    let release = () => {}
    const held = new Promise<void>((done) => {
      release = done
    })
    reload.reloaders.push(async () => {
      await held
      return undefined
    })
    const runs = Array.from({ length: 100 }, () => reload.run())
    release()
    await Promise.all(runs)
    expect(loads).to.equal(2)
  })
})
