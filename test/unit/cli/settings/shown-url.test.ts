/** No part of a store's credentials is shown, however malformed the URL is. */
import { expect } from 'chai'
import fc from 'fast-check'
import { shownUrl } from '../../../../cli/settings/shown-url.ts'

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
})
