/** What is made under another name: whole or not there, one process at a time, and what dead ones left is removed. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { beginUnfinished } from '../../../adapters/index.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'

describe('adapters/embedded/unfinished', () => {
  let folder: string
  let target: string
  let place: string
  beforeEach(() => {
    folder = temporaryFolder('unfinished')
    target = join(folder, 'file')
    place = `${target}.anykeeper-unfinished`
  })
  afterEach(() => removeFolder(folder))

  const refused = (): Promise<string> =>
    beginUnfinished(target).then(
      () => 'it was begun',
      (error: Error) => error.message,
    )

  it('gets its name at the end, in place of an older file, and nothing else is left', async () => {
    writeFileSync(target, 'older')
    const one = await beginUnfinished(target)
    writeFileSync(one.path, 'new')
    expect(readFileSync(target, 'utf8')).to.equal('older')
    one.finish()
    one.abandon()
    expect(readFileSync(target, 'utf8')).to.equal('new')
    expect(readdirSync(folder)).to.deep.equal(['file'])
  })

  it('abandoned: nothing is left, and it may be begun again', async () => {
    const one = await beginUnfinished(target)
    mkdirSync(one.path)
    expect(await refused()).to.match(
      /file is being written by process \d+: wait for it, or name another one/,
    )
    one.abandon()
    one.abandon()
    expect(readdirSync(folder)).to.deep.equal([])
    ;(await beginUnfinished(target)).abandon()
  })

  it('what a dead process left is removed, also without its lock', async () => {
    mkdirSync(join(place, 'made'), { recursive: true })
    writeFileSync(join(place, 'data.mdb'), 'half')
    const one = await beginUnfinished(target)
    expect(readdirSync(place)).to.deep.equal(['lock'])
    one.abandon()
    expect(existsSync(place)).to.equal(false)
  })

  it('a link, to a folder or to nothing, and a file in its place are refused, and what is there stays', async () => {
    const theirs = join(folder, 'theirs')
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'needed'), 'x')
    const made = [
      () => symlinkSync(theirs, place),
      () => symlinkSync(join(folder, 'nothing'), place),
      () => writeFileSync(place, 'a file'),
    ]
    for (const make of made) {
      make()
      expect(await refused()).to.match(
        /file\.anykeeper-unfinished, which is no folder: move it away$/,
      )
      rmSync(place)
    }
    expect(readdirSync(theirs)).to.deep.equal(['needed'])
    expect(readdirSync(folder)).to.deep.equal(['theirs'])
  })

  it('taken over by another process: it is not finished, and what the other one makes stays', async () => {
    const one = await beginUnfinished(target)
    writeFileSync(one.path, 'mine')
    rmSync(join(place, 'lock'))
    writeFileSync(join(place, 'lock'), '{}')
    writeFileSync(one.path, 'of the other')
    expect(() => one.finish()).to.throw(/another process has taken over .*file is not written/)
    one.abandon()
    expect(existsSync(target)).to.equal(false)
    expect(readFileSync(one.path, 'utf8')).to.equal('of the other')
  })
})
