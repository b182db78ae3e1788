/**
 * The packed package on each release line of Node: it installs, is imported and required, serves from
 * `memory:` and `file:`, and passes the API tests, which are its own conformance suites.
 */
import { expect } from 'chai'
import { type Child, spawnChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import {
  missing,
  type NodeLine,
  nodeProgram,
  requireOrSkip,
  versions,
} from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { expectSuccess, Project, pack } from './project.ts'

const lines = Object.keys(versions.node) as NodeLine[]

describe('packed package', function () {
  this.timeout(600_000)
  const folder = temporaryFolder('tarball')
  const projects = new Map<NodeLine, Project>()

  before(async () => {
    const tarball = await pack(folder)
    const present = lines.filter((line) => missing(`node-${line}`) === undefined)
    const install = async (line: NodeLine): Promise<void> => {
      projects.set(line, await Project.install(nodeProgram(line), tarball))
    }
    await Promise.all(present.map(install))
  })
  after(() => {
    for (const project of projects.values()) project.remove()
    removeFolder(folder)
  })

  for (const line of lines) {
    describe(`on Node ${versions.node[line]}`, () => {
      let project: Project

      before(async function () {
        requireOrSkip(this, `node-${line}`)
        project = projects.get(line)!
      })

      /** The program as npm's link starts it. */
      async function serve(store: string): Promise<{ server: Child; port: number }> {
        const port = await freePort()
        const server = spawnChild({
          name: `anykeeper on Node ${line}`,
          command: nodeProgram(line),
          args: [
            project.module('.bin', 'anykeeper'),
            ...['serve', '--store', store, '--listen', `127.0.0.1:${port}`],
          ],
          cwd: project.folder,
        })
        await server.waitForLine(/^anykeeper ready on /, { timeoutMs: 60_000 })
        return { server, port }
      }

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
        const { server, port } = await serve('memory:')
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
          const first = await serve(`file:${data}`)
          const client = await RawClient.connect({ port: first.port })
          expect((await client.create('/kept', { data: 'x' })).err).to.equal(0)
          await client.close()
          await first.server.stop()
          const second = await serve(`file:${data}`)
          const again = await RawClient.connect({ port: second.port })
          expect((await again.getData('/kept')).record.data?.toString()).to.equal('x')
          await again.close()
          await second.server.stop()
        } finally {
          removeFolder(data)
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

  describe('its types', () => {
    let project: Project

    before(function () {
      requireOrSkip(this, 'node-24')
      project = projects.get('24')!
    })

    for (const compiler of ['typescript-oldest', 'typescript']) {
      it(`satisfy ${compiler}, strict`, async () => {
        const tsc = project.module(compiler, 'lib', 'tsc.js')
        const resolution = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
        const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node,mocha']
        const outcome = await project.run([tsc, ...options, ...resolution, 'types.mts'])
        expectSuccess(compiler, outcome)
      })
    }
  })
})
