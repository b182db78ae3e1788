/** No part of a store's credentials is shown, however malformed the URL is. */
import { expect } from 'chai'
import fc from 'fast-check'
import { openStore } from '../../../../adapters/index.ts'
import { mayHavePassword, shownUrl } from '../../../../cli/settings/shown-url.ts'

describe('cli/settings/shown-url', () => {
  for (const [url, shown] of [
    ['memory:', 'memory:'],
    ['file:./da@ta?mapSize=8GiB', 'file:./da@ta?mapSize=8GiB'],
    ['etcd://h:1,[::1]:2', 'etcd://h:1,[::1]:2'],
    [
      'etcds://root:p%40ss@h:1,i:2?ca=/c.pem&readTimeoutMs=5',
      'etcds://…@h:1,i:2?ca=/c.pem&readTimeoutMs=5',
    ],
    ['redis://:pass@h/3?name=a', 'redis://…@h/3?name=a'],
    ['redis://h?password=pass', 'redis://h?…'],
    ['etcd://root:pass', 'etcd://…'],
    ['rediss://:a/b@h', 'rediss://…'],
    ['etcd://root:p@ss@h:1', 'etcd://…'],
    ['redis://u:p?q@h', 'redis://…'],
    ['root:pass@h', '…'],
  ] as const) {
    it(url, () => {
      expect(shownUrl(url)).to.equal(shown)
    })
  }

  it('the name of a user is no secret, all else before the host may be one', () => {
    for (const url of ['etcd://h', 'etcds://root@h?passwordFile=/p', 'file:a:b@c', 'memory:']) {
      expect(mayHavePassword(url), url).to.equal(false)
    }
    for (const url of ['etcd://root:p@h', 'redis://:p@h', 'redis://h?password=p', 'etcd://a:b']) {
      expect(mayHavePassword(url), url).to.equal(true)
    }
  })

  it('a password in any place and with any characters', () => {
    const secret = fc.tuple(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('@', '/', '?', '#', ':', ''),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('etcd', 'etcds', 'redis', 'rediss'),
        secret,
        fc.constantFrom('@h:1,i:2', '@h/0', '@h', ''),
        (scheme, [some, special], rest) => {
          const url = `${scheme}://root:Hunter2${special}${some}Hunter2${rest}`
          // What is behind the last @ is the host.
          fc.pre(rest !== '' || !url.includes('@'))
          expect(shownUrl(url)).to.not.include('Hunter2')
        },
      ),
    )
  })

  it('what refuses a malformed one shows none either', async () => {
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
