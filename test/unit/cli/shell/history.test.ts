/** What the history of the shell keeps, in its file and for the key that goes back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { History } from '../../../../cli/shell/history.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

const SECRET = [
  'addauth digest ops:secret',
  '  addauth  digest ops:secret',
  '"addauth" digest ops:secret',
  "add'auth' digest ops:secret",
  'adauth digest ops:secret',
  'connect redis://:secret@host:6379',
  'connect "etcd://ops:secret@host:2379"',
  'conect etcd://ops:secret@host:2379,other:2379',
]
const KEPT = [
  'get /a',
  'connect zk://host:2181/a',
  'connect redis://ops@host:6379?passwordFile=/etc/secret',
  'set /a http://host/b:c@d',
  'getAcl /digest',
]

describe('cli/shell/history', () => {
  let folder: string

  before(() => {
    folder = temporaryFolder('history')
  })
  after(() => removeFolder(folder))

  it('keeps no line with a password, however it is written', () => {
    const file = join(folder, 'state', 'history')
    const history = new History(file)
    for (const line of [...SECRET, ...KEPT]) history.add(line)
    expect(history.lines).to.deep.equal(KEPT)
    expect(readFileSync(file, 'utf8')).to.equal(`${KEPT.join('\n')}\n`)
    expect(SECRET.filter((line) => history.isKept(line))).to.deep.equal([])
  })
})
