/** The notices of what is brought along are those of package-lock.json, and each licence is one that permits it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { notices } from '../../scripts/lib/third-party.ts'

describe('third-party notices', function () {
  this.timeout(60_000)

  it('are current: npm run notices', async () => {
    const written = readFileSync(new URL('../../THIRD_PARTY_NOTICES', import.meta.url), 'utf8')
    expect(written).to.equal(await notices())
  })

  it('name a licence for each package, and none that asks for more than a notice', async () => {
    const titles = (await notices()).match(/^@?[\w./-]+ \d[\w.-]*: .*$/gm) ?? []
    expect(titles.length).to.be.above(70)
    const free =
      /^\S+ \S+: (?:for |(?:MIT|MIT\*|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|\(BSD-3-Clause OR GPL-2\.0\))(?: |$))/
    expect(titles.filter((title) => !free.test(title))).to.deep.equal([])
    for (const name of ['lmdb', 'pino', 'etcd3', '@grpc/grpc-js', 'ioredis']) {
      expect(
        titles.some((title) => title.startsWith(`${name} `)),
        name,
      ).to.equal(true)
    }
  })
})
