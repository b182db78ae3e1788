/** Files that are none: a FIFO is read when somebody writes to it, and waited for no longer than its bound. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { readText } from '../../../../cli/settings/read-file.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

const BYTES_MAX = 1_000
const SILENCE_MS_MAX = 50

describe('cli/settings/read-file', () => {
  let folder: string
  let fifo: string
  before(function () {
    if (process.platform !== 'linux') this.skip()
    folder = temporaryFolder('read-file')
    fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
  })
  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  it('a FIFO that nobody writes to, or whose writer is silent, is given up with a sentence', async () => {
    const says = /nothing came from \S+fifo for 50 ms: nobody writes to it/
    expect(() => readText(fifo, BYTES_MAX, SILENCE_MS_MAX)).to.throw(says)
    const silent = spawn('bash', ['-c', `exec 3<> ${fifo}; echo open; read`])
    await once(silent.stdout, 'data')
    expect(() => readText(fifo, BYTES_MAX, SILENCE_MS_MAX)).to.throw(says)
    silent.stdin.end()
    await once(silent, 'close')
  })

  it('a FIFO is read to its end, in whatever parts it comes, and is no larger than its bound', async () => {
    const write = (line: string) => spawn('bash', ['-c', `exec > ${fifo}; ${line}`])
    const parts = write("printf a=; printf '1\\n'")
    expect(readText(fifo, BYTES_MAX)).to.equal('a=1\n')
    await once(parts, 'close')
    const endless = write('exec yes')
    expect(() => readText(fifo, BYTES_MAX)).to.throw(/has more than 1000 bytes/)
    await once(endless, 'close')
  })
})
