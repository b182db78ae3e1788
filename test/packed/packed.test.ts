/**
 * The packed package on each release line of Node: it installs, is imported, required and compiled against, serves
 * from each store, and passes the API tests, which are its own conformance suites.
 */
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { type Child, spawnChild } from '../support/child.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { type NodeLine, nodeProgram, requireOrSkip, versions } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { installed, lines } from './installed.ts'
import { expectSuccess, type Project } from './project.ts'

describe('packed package', function () {
  this.timeout(600_000)

  for (const line of lines) {
    describe(`on Node ${versions.node[line]}`, () => {
      let project: Project

      before(async function () {
        requireOrSkip(this, `node-${line}`)
        project = await installed(line)
      })

      it('is imported', async () => {
        const { code, output } = await project.run(['api.mjs'])
        expect([code, output]).to.deep.equal([0, 'x function function\n'])
      })

      it('is required', async () => {
        const { code, output } = await project.run(['api.cjs'])
        expect(code, output).to.equal(0)
        expect(output).to.match(/^x function$/m)
      })

      it('serves from memory:', async () => {
        const { server, port } = await serve(project, line, 'memory:')
        const [a, b] = [await RawClient.connect({ port }), await RawClient.connect({ port })]
        await b.exists('/a', true)
        expect((await a.create2('/a', { data: 'x' })).err).to.equal(0)
        expect((await a.create2('/a/e-', { flags: 3 })).record.path).to.equal('/a/e-0000000000')
        await b.waitFor(() => b.events.length === 1)
        const multi = await a.multi([
          { op: 5, path: '/a', data: 'y', version: 0 },
          { op: 13, path: '/a', version: 1 },
        ])
        expect(multi.record.results?.map(({ err }) => err)).to.deep.equal([0, 0])
        await a.close()
        expect((await b.getChildren('/a')).record.children).to.deep.equal([])
        await b.close()
        await server.stop()
      })

      it('serves from file:, and again after a restart', async () => {
        const data = temporaryFolder('packed-data')
        try {
          const first = await serve(project, line, `file:${data}`)
          const client = await RawClient.connect({ port: first.port })
          expect((await client.create('/kept', { data: 'x' })).err).to.equal(0)
          await client.close()
          await first.server.stop()
          const second = await serve(project, line, `file:${data}`)
          const again = await RawClient.connect({ port: second.port })
          expect((await again.getData('/kept')).record.data?.toString()).to.equal('x')
          await again.close()
          await second.server.stop()
        } finally {
          removeFolder(data)
        }
      })

      it('has the page, and what it uses', async () => {
        const adminPort = await freePort()
        const args = ['--admin-listen', `127.0.0.1:${adminPort}`]
        const { server } = await serve(project, line, 'memory:', args)
        const { body } = await http(adminPort, '/ui/')
        const { imports } = JSON.parse(
          /<script type="importmap">(.*)<\/script>/.exec(body)?.[1] ?? '',
        )
        const files = [...Object.values<string>(imports), 'main.js', 'style.css', 'licences.txt']
        for (const file of files) {
          expect((await http(adminPort, `/ui/${file.replace('./', '')}`)).status, file).to.equal(
            200,
          )
        }
        await server.stop()
      })

      it('is compiled from TypeScript, as a module and as CommonJS', async () => {
        const tsc = project.module('typescript', 'lib', 'tsc.js')
        // types.test.ts checks: here it is whether what comes out runs.
        const options = ['--module', 'nodenext', '--target', 'es2022', '--noCheck']
        expectSuccess('tsc', await project.run([tsc, ...options, 'app.mts', 'app.cts']))
        for (const [file, kind] of [
          ['app.mjs', 'module'],
          ['app.cjs', 'commonjs'],
        ] as const) {
          const { code, output } = await project.run([file])
          expect(code, output).to.equal(0)
          // Node 20.19 warns that require() of a module is new.
          expect(output).to.match(new RegExp(`^${kind} true$`, 'm'))
        }
      })

      it('says what to install for etcd: and for redis:, whose drivers it does not bring', async () => {
        const program = project.module('.bin', 'anykeeper')
        for (const [scheme, driver] of [
          ['etcd', 'etcd3'],
          ['redis', 'ioredis'],
        ] as const) {
          expect(existsSync(project.module(driver))).to.equal(false)
          const outcome = await project.run([
            program,
            'serve',
            '--store',
            `${scheme}://127.0.0.1:1`,
          ])
          expect(outcome.code, outcome.output).to.equal(1)
          expect(outcome.output).to.match(new RegExp(`^error: .*: npm install ${driver}$`, 'm'))
        }
      })

      it('passes the API tests', async () => {
        const mocha = project.module('mocha', 'bin', 'mocha.js')
        const outcome = await project.run([
          ...[mocha, '--timeout', '60000', '--reporter', 'dot', 'conformance.test.mjs'],
        ])
        expectSuccess('the conformance suites', outcome)
        const passed = Number(/(\d+) passing/.exec(outcome.output)?.[1])
        expect(passed).to.be.greaterThan(80)
        console.log(`        ${passed} tests of the conformance suites passed`)
      })
    })
  }
})

describe('packed package with a driver', function () {
  this.timeout(120_000)

  it('serves from etcd: once etcd3 is beside it', async function () {
    requireOrSkip(this, 'node-20.19')
    requireEtcd(this)
    const project = await installed('20.19')
    await project.add('etcd3')
    const etcd = await startEtcd()
    try {
      const { server, port } = await serve(project, '20.19', `etcd://127.0.0.1:${etcd.port}`)
      const client = await RawClient.connect({ port })
      expect((await client.create('/a', { data: 'x' })).err).to.equal(0)
      await client.close()
      await server.stop()
    } finally {
      await etcd.stop()
    }
  })
})

/** The program as npm's link starts it. */
async function serve(
  project: Project,
  line: NodeLine,
  store: string,
  args: readonly string[] = [],
): Promise<{ server: Child; port: number }> {
  const port = await freePort()
  const server = spawnChild({
    name: `anykeeper on Node ${line}`,
    command: nodeProgram(line),
    args: [
      project.module('.bin', 'anykeeper'),
      ...['serve', '--store', store, '--listen', `127.0.0.1:${port}`, ...args],
    ],
    cwd: project.folder,
  })
  await server.waitForLine(/^anykeeper ready on /, { timeoutMs: 60_000 })
  return { server, port }
}
