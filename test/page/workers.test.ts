/** The page of a server with `--workers 2`: whichever of them answers, it shows one server, and says of which one what is not of both. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { go, PageBrowser, shows } from './page-browser.ts'

const TOKEN = 'a-token-of-this-test'
const headers = { authorization: `Bearer ${TOKEN}` }
const ROUNDS = 20

describe('page/workers', function () {
  this.timeout(120_000)
  const closers: (() => unknown)[] = []
  let etcd: EtcdServer
  let server: AnykeeperProcess
  let admin: number
  let clients: RawClient[]

  before(async function () {
    requireOrSkip(this, 'chromium')
    requireOrSkip(this, 'etcd')
    const folder = temporaryFolder('page-workers')
    closers.push(() => removeFolder(folder))
    const token = join(folder, 'token')
    writeFileSync(token, TOKEN)
    etcd = await startEtcd()
    closers.push(() => etcd.stop())
    admin = await freePort()
    const listen = ['--admin-listen', `127.0.0.1:${admin}`, '--admin-token-file', token]
    server = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      args: ['--workers', '2', ...listen, '--admin-edit'],
    })
    closers.push(() => server.stop())
    // Connections go to each worker in turn.
    const open = () => RawClient.connect({ port: server.port, timeoutMs: 30_000 })
    clients = [await open(), await open()]
    for (const [i, client] of clients.entries()) {
      closers.push(() => client.destroy())
      await client.create(`/of-${i}`, { flags: 1 })
      await client.exists(`/watched-by-${i}`, true)
    }
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  const api = (path: string) => http(admin, `/api/v1/${path}`, { headers })

  it('sessions say at which worker they are, and watches of which one they are', async () => {
    interface One {
      readonly worker?: number
      readonly isOfGroup?: boolean
    }
    const seen = new Map<number, string>()
    for (let i = 0; i < ROUNDS && seen.size < 2; i++) {
      const { worker, watches } = (await api('watches')).json<{
        worker: number
        watches: { path: string }[]
      }>()
      seen.set(worker, watches.map(({ path }) => path).join())
    }
    expect([...seen.keys()].sort()).to.deep.equal([1, 2])
    expect([...seen.values()].sort()).to.deep.equal(['/watched-by-0', '/watched-by-1'])
    const { sessions } = (await api('sessions')).json<{ sessions: One[] }>()
    expect(sessions.map(({ worker, isOfGroup }) => worker ?? isOfGroup)).to.have.members([
      ...[sessions.find(({ worker }) => worker !== undefined)?.worker, true],
    ])
  })

  it('nothing is read again because another worker answered; charts are of both, and have their rates', async () => {
    const browser = await PageBrowser.open(`http://127.0.0.1:${admin}`)
    closers.push(() => browser.close())
    const page = await browser.tab('#/tree?path=/', TOKEN)
    await shows(page, /of-0[\s\S]*of-1/, '[role=tree]')
    // Each look at the status or the numbers is answered by the worker that did not answer the one before.
    const last = new Map<string, string>()
    await page.exposeFunction('turned', async (path: string) => {
      for (;;) {
        const { body } = await http(admin, path, { headers })
        const [, worker = ''] =
          /^anykeeper_worker (\d+)$|"worker":(\d+)/m.exec(body)?.filter(Boolean) ?? []
        if (worker === last.get(path)) continue
        last.set(path, worker)
        return body
      }
    })
    await page.evaluate(`(() => {
      Object.assign(window, { trees: 0, looks: 0 })
      const { fetch } = window
      window.fetch = async (url, init) => {
        if (/tree/.test(url)) window.trees++
        if (!/status|metrics/.test(url)) return fetch(url, init)
        window.looks++
        return new Response(await window.turned(new URL(url).pathname))
      }
    })()`)
    await page.waitForFunction('window.looks >= 6')
    // The first answer of the second one may be another tree.
    expect(await page.evaluate('window.trees')).to.be.at.most(4)
    await go(page, '#/charts')
    let isLoaded = true
    const load = (async () => {
      while (isLoaded) {
        for (const client of clients) await client.exists('/of-0')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await shows(page, /Of 2 workers together\./)
    await page.waitForFunction(
      `Number(document.querySelector('[data-series=reads]').textContent.replace(',', '')) > 5`,
    )
    isLoaded = false
    await load
    await go(page, '#/health')
    await shows(
      page,
      /worker that answered\s+[12][\s\S]*Worker [12], which answered last[\s\S]*All workers/,
    )
    await go(page, '#/watches')
    await shows(page, /of the clients of worker [12], anywhere/)
    await go(page, '#/sessions')
    await shows(page, /this one, worker [12]/)
    await shows(page, /this one, another worker/)
    expect(browser.problems).to.deep.equal([])
  })
})
