/** The address that others see. */
import { hostname } from 'node:os'
import { expect } from 'chai'
import { fromText } from '../../../../cli/settings/from-file.ts'
import { advertise } from '../../../../cli/settings/groups/clients.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'

describe('cli/settings/groups/clients', () => {
  const read = (text: string) => resolve(GROUPS, [fromText(GROUPS, 'f', text)])

  it('advertises where it listens, or the machine', () => {
    const address = (text: string) => read(text).values.get(advertise)
    expect(address('')).to.deep.equal({ host: '127.0.0.1', port: 2181 })
    expect(address('listen=[::1]:1')).to.deep.equal({ host: '::1', port: 1 })
    expect(address('listen=0.0.0.0:1')).to.deep.equal({ host: hostname(), port: 1 })
    expect(address('listen=[::]:1')).to.deep.equal({ host: hostname(), port: 1 })
    expect(address('clientPort=1')).to.deep.equal({ host: hostname(), port: 1 })
    expect(address('advertise=zk:7')).to.deep.equal({ host: 'zk', port: 7 })
  })

  it('refuses an address at which nobody can reach it', () => {
    for (const text of ['0.0.0.0:1', '[::]:1', 'zk:0', 'zk', 'zk:65536']) {
      expect(read(`advertise=${text}`).problems, text).to.have.length(1)
    }
  })

  it('shows what it derived', () => {
    const shown = read('listen=[::1]:5').values.shown()
    expect(shown.find(({ setting }) => setting.name === 'advertise')?.text).to.equal('[::1]:5')
  })
})
