/**
 * What the image runs. No image is built: its build stage runs as a script, and what it leaves is a root of its own, read-only, without a
 * shell, in which the entry point runs as the image's user without any capability. It serves, is probed, drains and ends.
 */
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { nodeProgram, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { deployFolder, manifest, manifestsOf, render } from './chart.ts'
import { assembleRoot, buildStage, contextFiles, lastOf, listOf, stagesOf } from './dockerfile.ts'

const [build, image] = stagesOf(readFileSync(join(deployFolder, 'image', 'Dockerfile'), 'utf8'))
const user = lastOf(image!, 'USER')

/** A read-only root, a volume that may be written if there is one, and the user of the image. No shell is left behind exec. */
const ENTER = [
  'set -e',
  'mount --make-rprivate /',
  'mount --bind "$ROOT" "$ROOT"',
  'mount -t proc proc "$ROOT/proc"',
  'if [ -n "$VOLUME" ]; then mount --bind "$VOLUME" "$ROOT/data"; fi',
  'mount -o remount,bind,ro "$ROOT"',
  `exec setpriv --no-new-privs chroot --userspec=${user} --groups= "$ROOT" "$@"`,
].join('\n')

describe('deploy/image', function () {
  this.timeout(240_000)
  const folder = temporaryFolder('image')
  const root = join(folder, 'root')
  let etcd: EtcdServer
  const children: Child[] = []

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'node-24', 'mount-namespace', 'helm')
    await buildStage(build!, folder, dirname(nodeProgram('24')))
    assembleRoot(image!, folder, root, nodeProgram('24'))
    etcd = await startEtcd()
  })
  after(async () => {
    for (const child of children) await child.kill()
    await etcd?.stop()
    removeFolder(folder)
  })

  /** `args` instead of CMD, as a container's. */
  function run(name: string, command: readonly string[], volume = ''): Child {
    const [program, ...rest] = command
    const child = spawnChild({
      name,
      command: 'unshare',
      args: ['--mount', 'sh', '-c', ENTER, 'sh', program!, ...rest],
      // Nothing of this process's settings.
      env: { ROOT: root, VOLUME: volume, NODE_OPTIONS: undefined, NODE_ENV: 'production' },
      cwd: '/',
    })
    children.push(child)
    return child
  }

  const entry = listOf(lastOf(image!, 'ENTRYPOINT'))

  it('the build gets the sources alone', () => {
    const files = contextFiles()
    expect(files).to.include.members(['package.json', 'cli.ts', 'deploy/image/assemble.mjs'])
    expect(files).to.include('test/conformance/index.ts')
    expect(
      files.filter((file) => /^(?:docs|bench|test\/(?!conformance))/.test(file)),
    ).to.deep.equal([])
  })

  it('as in a pod: the arguments and the configuration of the chart, nothing that may be written', async () => {
    const [port, adminPort] = [await freePort(), await freePort()]
    const set = [
      `store.endpoints={${etcd.host}}`,
      `ports.client=${port}`,
      `ports.admin=${adminPort}`,
    ]
    const all = manifestsOf(render({ set: [...set, 'drainSeconds=2'] }))
    const conf = manifest(all, 'ConfigMap').data!['anykeeper.conf']!
    writeFileSync(join(root, 'etc', 'anykeeper', 'conf', 'anykeeper.conf'), conf)
    const { args } = manifest(all, 'StatefulSet').spec.template.spec.containers[0]
    const child = run('image', [...entry, ...args])
    await child.waitUntil('ready', async () => (await http(adminPort, '/readyz')).status === 200)
    await child.waitForPort(port)
    expect((await http(adminPort, '/livez')).status).to.equal(200)

    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    expect(status).to.match(/^Uid:\t65532\t65532\t65532\t65532$/m)
    expect(status).to.match(/^Gid:\t65532\t65532\t65532\t65532$/m)
    expect(status).to.match(/^Groups:\t\s*$/m)
    expect(status).to.match(/^CapEff:\t0+$/m)
    expect(status).to.match(/^NoNewPrivs:\t1$/m)
    const mounts = readFileSync(`/proc/${child.pid}/mountinfo`, 'utf8').trim().split('\n')
    // As the process sees it: the root, and what is below it.
    expect(mounts.map((line) => line.split(' ').slice(4, 6).join(' '))).to.deep.include(
      '/ ro,relatime',
    )

    const client = await RawClient.connect({ port, timeoutMs: 10_000 })
    expect((await client.create('/a', { data: 'x' })).err).to.equal(0)
    child.signal('SIGTERM')
    await child.waitUntil('drain', async () => (await http(adminPort, '/readyz')).status === 503)
    expect((await http(adminPort, '/livez')).status).to.equal(200)
    expect((await client.getData('/a')).record.data?.toString()).to.equal('x')
    expect(await child.exited).to.deep.equal({ code: 0, signal: null })
    client.destroy()
    expect(child.output).to.not.match(/EROFS|EACCES|"level":(?:50|60)/)
  })

  it('as with docker run: what is in CMD, with a volume; and its health check', async () => {
    const volume = join(folder, 'data')
    chownSync(volume, 65532, 65532)
    const [port, adminPort] = [await freePort(), await freePort()]
    const other = (text: string): string =>
      text.replace(':2181', `:${port}`).replace(':8080', `:${adminPort}`)
    const command = [...entry, ...listOf(lastOf(image!, 'CMD'))].map(other)
    const health = listOf(lastOf(image!, 'HEALTHCHECK')).map(other)
    const unhealthy = run('health check', health)
    expect((await unhealthy.exited).code).to.equal(1)
    const child = run('image', command, volume)
    await child.waitUntil('ready', async () => (await http(adminPort, '/readyz')).status === 200)
    expect((await run('health check', health).exited).code).to.equal(0)
    const client = await RawClient.connect({ port, timeoutMs: 10_000 })
    expect((await client.create('/kept', { data: 'x' })).err).to.equal(0)
    await client.close()
    child.signal('SIGTERM')
    expect(await child.exited).to.deep.equal({ code: 0, signal: null })
  })

  it('has no shell, and each driver', async () => {
    for (const name of ['sh', '/bin/sh', 'npm']) {
      expect((await run(name, [name, '-c', 'true']).exited).code).to.equal(127)
    }
    const load =
      "const find = (await import('node:module')).createRequire('/app/package.json'); " +
      "for (const name of ['etcd3', 'ioredis', 'lmdb']) find(name)"
    const loaded = run('drivers', ['/nodejs/bin/node', '--input-type=module', '-e', load])
    expect((await loaded.exited).code, loaded.output).to.equal(0)
  })
})
