/** The notices of what is brought along are those of package-lock.json, and each licence is one that permits it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { notices } from '../../scripts/lib/third-party.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = createRequire(import.meta.url)('../../package.json') as { version: string }

/** Of CycloneDX, what is read here. */
interface Component {
  readonly name: string
  readonly version: string
  readonly licenses?: readonly unknown[]
}

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

  it('the bill of materials has the same packages, each with a licence, below the name of this one', () => {
    const args = ['--import', 'tsx', 'scripts/sbom.ts']
    const output = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    const { metadata, components } = JSON.parse(output) as {
      metadata: { component: Component }
      components: Component[]
    }
    const { name, version } = metadata.component
    expect([name, version]).to.deep.equal(['anykeeper', manifest.version])
    expect(components.filter(({ licenses }) => licenses === undefined)).to.deep.equal([])
    const noticed = readFileSync(join(root, 'THIRD_PARTY_NOTICES'), 'utf8')
    const titles = [...noticed.matchAll(/^(@?[\w./-]+) (\d[\w.-]*): /gm)]
    expect(components.map((one) => `${one.name} ${one.version}`)).to.have.members(
      titles.map(([, name, version]) => `${name} ${version}`),
    )
  })
})
