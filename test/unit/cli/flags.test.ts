import { expect } from 'chai'
import { openStore } from '../../../adapters/index.ts'
import { shownUrl } from '../../../cli/flags.ts'

describe('cli/flags', () => {
  it('shows of a store’s URL no user and no password', () => {
    for (const [url, shown] of [
      ['etcd://root:secret@h:1,i:2', 'etcd://…@h:1,i:2'],
      ['etcds://h?ca=/a&passwordFile=/b', 'etcds://h?ca=/a&passwordFile=/b'],
      ['redis://:secret@[::1]:7/2?name=x', 'redis://…@[::1]:7/2?name=x'],
      ['file:./data', 'file:./data'],
      ['file:///var/a@b', 'file:///var/a@b'],
      ['memory:', 'memory:'],
      ['my://u:secret@h', 'my://…@h'],
    ]) {
      expect(shownUrl(url!)).to.equal(shown)
    }
  })

  it('nor of one that is malformed, and neither does what refuses it', async () => {
    for (const url of [
      'etcd://root:secret',
      'etcd://root:secret@',
      'etcd://a,root:secret',
      'etcd://root:se/secret@h',
      'etcd://root:se?secret@h',
      'etcd://root:se?a&secret@h',
      'etcd://root:se@secret@h',
      'etcd://root:%secret@h',
      'etcd://root:sec%ret%secret@h?passwordFile=/x',
      'etcd://secret@h',
      'redis://:secret',
      'redis://:se/secret@h',
      'redis://u:secret@h/secret',
      'rediss://:secret@h?cert=/x',
      'root:secret@h',
      'secret',
      'Etcd://root:secret@h',
    ]) {
      const error = await openStore(url).then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect(error?.message, url).to.be.a('string').and.not.include('secret')
      expect(String(error?.cause), url).to.not.include('secret')
      // Nothing says that these are no host and no path.
      if (url === 'secret' || url === 'redis://u:secret@h/secret') continue
      expect(shownUrl(url), url).to.not.include('secret')
    }
  })
})
