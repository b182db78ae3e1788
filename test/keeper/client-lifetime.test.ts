/** The process lives while a keeper or a client is open, and ends when they are closed or unreferenced. */
import { expect } from 'chai'
import { spawnChild } from '../support/child.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const root = new URL('../../', import.meta.url)
const file = (path: string): string => JSON.stringify(new URL(path, root).href)

function run(url: string, script: string) {
  return spawnChild({
    name: 'a controller',
    command: process.execPath,
    args: [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { openStore } from ${file('adapters/index.ts')}
      import { connect, Keeper } from ${file('lib/index.ts')}
      const store = await openStore(${JSON.stringify(url)})
      const keeper = await Keeper.open({ store })
      const client = await connect(keeper)
      process.on('SIGTERM', async () => {
        await client.close()
        await keeper.close()
        await store.close()
        console.log('closed')
      })
      process.on('beforeExit', () => console.log('nothing to do'))
      ${script}
      console.log('ready')`,
    ],
  })
}

describe('keeper/client-lifetime', () => {
  let folder: string
  beforeEach(() => {
    folder = temporaryFolder('lifetime')
  })
  afterEach(() => removeFolder(folder))

  for (const scheme of ['memory', 'file']) {
    const url = (): string => (scheme === 'file' ? `file:${folder}` : 'memory:')

    for (const [what, script] of [
      ['a client and its keeper', ''],
      ['a keeper', 'client.unref()'],
      ['a client', 'keeper.unref()'],
      ['a client that is referenced again', 'keeper.unref(); client.unref().ref()'],
    ] as const) {
      it(`${scheme}: ${what} keeps the process alive, and close() lets it end`, async () => {
        const child = run(
          url(),
          `${script}\nsetTimeout(() => console.log('still here'), 300).unref()`,
        )
        await child.waitForLine(/^still here/)
        child.signal('SIGTERM')
        expect(await child.exited).to.deep.equal({ code: 0, signal: null })
        expect(child.output).to.match(/^ready\nstill here\nclosed\nnothing to do\n?$/)
      })
    }

    it(`${scheme}: both unreferenced, the process ends by itself`, async () => {
      const child = run(url(), 'keeper.unref(); client.unref()')
      expect(await child.exited).to.deep.equal({ code: 0, signal: null })
      expect(child.output).to.match(/^ready\nnothing to do\n?$/)
    })

    it(`${scheme}: what \`await using\` calls closes both, and then the process ends`, async () => {
      const script = `
        const state = []
        const k = await Keeper.open({ store, prefix: '/other' })
        const c = await connect(k, { onState: (s) => state.push(s) })
        await c.create('/a', null, { mode: 'ephemeral' })
        // As \`await using\` does; Node 20 has no syntax for it.
        await c[Symbol.asyncDispose]()
        await k[Symbol.asyncDispose]()
        console.log(state.join())
        await client.close()
        await keeper.close()
        await store.close()`
      const child = run(url(), script)
      expect(await child.exited).to.deep.equal({ code: 0, signal: null })
      expect(child.output).to.match(/^closed\nready\nnothing to do\n?$/)
    })
  }

  it('unreferenced, a client lets its own member go, and close() is still waited for', async () => {
    for (const [script, output] of [
      ['own.unref()', 'nothing to do'],
      ["own.unref(); await own.close(); console.log('own closed')", 'own closed'],
    ] as const) {
      const child = run(
        'memory:',
        `keeper.unref(); client.unref()
        const { connect: open } = await import(${file('index.ts')})
        const own = await open('memory:')
        ${script}`,
      )
      expect(await child.exited).to.deep.equal({ code: 0, signal: null })
      expect(child.output).to.include(output)
    }
  })
})
