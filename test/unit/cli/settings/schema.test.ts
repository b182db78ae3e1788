/** The settings as a whole: names, and that every bound of the library and the proxy is set by one. */
import { expect } from 'chai'
import { settingsOf } from '../../../../cli/settings/given.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'
import { hasTwin } from '../../../../cli/settings/setting.ts'
import { LIMITS_DEFAULT } from '../../../../lib/index.ts'
import { PROXY_DEFAULT } from '../../../../proxy/index.ts'

/** Why no setting sets it. */
const NOT_SET: Readonly<Record<string, string>> = {
  storeName: 'shows the store that --store names',
  memory: 'the process measures it',
  authProviders: 'made from the modules that --auth-provider names',
  audit: 'made from the settings of the audit log',
  log: 'the process counts its lines',
  worker: 'the primary numbers its workers',
  secure: 'the settings of TLS make it together: tls.test.ts',
  workerMetrics: 'a link between processes',
}

describe('cli/settings/schema', () => {
  const settings = settingsOf(GROUPS)
  const names = settings.flatMap((s) => (hasTwin(s) ? [s.name, `${s.name}-file`] : [s.name]))

  it('has every name once', () => {
    expect(names.filter((name, i) => names.indexOf(name) !== i)).to.deep.equal([])
    const zookeeper = settings.flatMap((s) => [...(s.zookeeper ?? []), ...(s.zookeeperFile ?? [])])
    expect(zookeeper.filter((name, i) => zookeeper.indexOf(name) !== i)).to.deep.equal([])
  })

  it('has names that can be flags and variables', () => {
    for (const name of names) {
      expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      // commander reads it as the negation of a switch.
      expect(name).to.not.match(/^no-/)
      // Kubernetes sets variables for a Service called anykeeper, or anykeeper-admin.
      expect(name).to.not.match(/(^|-)port($|-)|(^|-)service-/)
    }
  })

  const { values } = resolve(GROUPS, [])
  for (const [what, all, set] of [
    ['limit', LIMITS_DEFAULT, values.keeper],
    ['option of the proxy', PROXY_DEFAULT, values.proxy],
  ] as const) {
    it(`sets every ${what}`, () => {
      const missing = Object.keys(all).filter((key) => !(key in set) && !(key in NOT_SET))
      expect(missing).to.deep.equal([])
      expect(Object.keys(set).filter((key) => key in NOT_SET)).to.deep.equal([])
    })

    it(`has the same defaults for every ${what}`, () => {
      expect(all).to.deep.include(set)
    })
  }

  it('has a default that it parses, wherever there is one as text or number', () => {
    for (const { name, default: value, parse } of settings) {
      if (typeof value !== 'string' && typeof value !== 'number') continue
      expect(parse(String(value)), name).to.equal(value)
    }
  })
})
