/** The notices of what is brought along are those of package-lock.json, and each licence is one that permits it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { notices } from '../../scripts/lib/third-party.ts'
import { npmProgram, run } from './project.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

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

  it('the bill of materials has what the package depends on, and no tool of ours', async () => {
    const args = ['sbom', '--omit=dev', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
    const { code, output } = await run(process.execPath, [npmProgram(), ...args], root)
    expect(code, output).to.equal(0)
    // Only the end of a long output is kept: names are enough.
    const names = [...output.matchAll(/"purl": "pkg:npm\/([^@"]+)@/g)].map(([, name]) => name)
    expect(names).to.include.members(['pino', 'prom-client', 'properties-file'])
    expect(names).to.not.include.members(['mocha'])
    expect(names).to.not.include.members(['typescript'])
  })
})
