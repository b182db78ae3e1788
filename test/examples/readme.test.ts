/** The snippet of README.md runs as it stands, and again on what its first run left. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { spawnChild } from '../support/child.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const root = new URL('../../', import.meta.url)

describe('README.md', function () {
  this.timeout(60_000)

  it('the snippet of the library works on its second run, too', async () => {
    const folder = temporaryFolder('readme')
    const page = readFileSync(new URL('README.md', root), 'utf8')
    const snippet = /## The library\n\n```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const source = snippet
      .replace("'anykeeper'", JSON.stringify(new URL('index.ts', root).href))
      .replace(/connect\('.*?'/, () => `connect(${JSON.stringify(`file:${folder}/data`)}`)
    expect(source).to.include('file:')
    mkdirSync(join(folder, 'code'))
    const path = join(folder, 'code', 'snippet.mts')
    writeFileSync(path, `${source}\nconsole.log('to its end')\n`)
    for (const _ of [1, 2]) {
      const child = spawnChild({
        name: 'the snippet',
        command: process.execPath,
        args: ['--import', 'tsx', path],
      })
      await child.waitForLine(/^to its end/)
      await child.kill()
    }
    removeFolder(folder)
  })
})
