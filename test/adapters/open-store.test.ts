/** From a URL to a store, and clear sentences for what is no store URL. */
import { expect } from 'chai'
import { requireEtcd3 } from '../../adapters/etcd/driver.ts'
import { parseEtcdUrl } from '../../adapters/etcd/etcd-url.ts'
import { parseVersion, versionWarnings } from '../../adapters/etcd/probe.ts'
import { openStore, registerStore, storeSchemes } from '../../adapters/index.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { rejection } from '../conformance/support.ts'

describe('adapters/index', () => {
  it('opens a memory store', async () => {
    const store = await openStore('memory:')
    expect(store.features.persistent).to.equal(false)
    await store.close()
  })

  it('opens what a third party registered', async () => {
    const urls: string[] = []
    registerStore('x-test', async (url, scheme) => {
      urls.push(url, scheme)
      return openMemoryStore()
    })
    await (await openStore('x-test://anywhere')).close()
    expect(urls).to.deep.equal(['x-test://anywhere', 'x-test'])
    expect(storeSchemes()).to.include.members(['etcd', 'etcds', 'file', 'memory', 'x-test'])
    expect(() => registerStore('No Scheme', async () => openMemoryStore())).to.throw(
      'no URL scheme',
    )
  })

  it('says which schemes there are when it knows none, and never repeats a password', async () => {
    for (const url of ['', 'nothing', 'zk://u:secret@host', '://']) {
      const error = await rejection(openStore(url), 'STORE_INVALID')
      expect(error.message).to.include('etcd, etcds, file, memory').and.not.include('secret')
    }
  })
})

describe('adapters/etcd/driver', () => {
  it('says what to install when the package is missing', async () => {
    const missing = requireEtcd3(() => Promise.reject(new Error('Cannot find package')))
    expect((await rejection(missing, 'STORE_UNSUPPORTED')).message).to.include('npm install etcd3')
    await requireEtcd3()
  })
})

describe('adapters/etcd/etcd-url', () => {
  it('reads hosts, user and numbers', async () => {
    expect(parseEtcdUrl('etcd://a:1,b,[::1]:3')).to.deep.equal({
      hosts: ['a:1', 'b:2379', '[::1]:3'],
    })
    expect(parseEtcdUrl('etcd://me:p%40ss%2F@h:1/?txnOpsMax=1024')).to.deep.equal({
      hosts: ['h:1'],
      credentials: { username: 'me', password: 'p@ss/' },
      txnOpsMax: 1_024,
    })
    expect(parseEtcdUrl('etcds://h').hosts).to.deep.equal(['https://h:2379'])
  })

  const parse = async (url: string) => parseEtcdUrl(url)

  it('refuses in one sentence what it cannot use', async () => {
    for (const [url, sentence] of [
      ['etcd:', 'looks like'],
      ['etcd://', 'looks like'],
      ['etcd://h:99999', 'no host:port'],
      ['etcd://h,,i', 'no host:port'],
      ['etcd://user@h', 'user:password@'],
      ['etcd://u:%zz@h', 'percent-encoded'],
      ['etcd://h?colour=red', 'no parameter "colour"'],
      ['etcd://h?ca=x', 'etcds://'],
      ['etcd://h?txnOpsMax=many', 'whole number'],
      ['etcds://h?cert=x', 'come together'],
      ['etcd://h?passwordFile=x', 'needs a user'],
      ['etcd://u@h?userFile=x&passwordFile=y', 'two times'],
      ['etcd://u:secret@h?passwordFile=x', 'two times'],
      ['etcd://h?userFile=x', 'needs a password'],
      ['etcd://h?userFile=&passwordFile=x', 'names no file'],
      ['etcds://h?cert=x&key=y', 'need ca'],
    ] as const) {
      expect((await rejection(parse(url), 'STORE_INVALID')).message).to.include(sentence)
    }
  })
})

describe('adapters/etcd/probe', () => {
  it('warns of versions with known faults, and of none without', () => {
    const warned = (version: string) => versionWarnings(parseVersion(version)).join()
    for (const old of ['3.4.23', '3.5.22', '3.6.4', '3.3.25', '3.6.0-rc.1']) {
      expect(warned(old), old).to.include('3.5.23')
    }
    for (const advised of ['3.5.23', '3.6.5', '3.7.0']) {
      expect(warned(advised), advised).to.include('3.6.14')
    }
    for (const good of ['3.5.33', '3.6.16', '3.7.1', '3.8.0', '4.0.0']) {
      expect(warned(good), good).to.equal('')
    }
    expect(warned('unknown')).to.include('does not report')
  })
})
