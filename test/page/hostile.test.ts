/** Names and data of znodes are written by others, and pages of others want what this one may do: neither gets anywhere. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { http } from '../support/http.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { PageBench, TOKEN } from './page-bench.ts'
import { go, press, rowsOf, shows, textOf } from './page-browser.ts'

/** Whatever would make one of these run sets a mark, or asks for something. */
const MARK = 'window.marked=1'
const NAMES = [
  `<script>${MARK}<`,
  `<img src=x onerror=${MARK}>`,
  `"><svg onload=${MARK}>`,
  `' onfocus='${MARK}' autofocus='`,
  `javascript:${MARK}`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what is tried.
  '${window.marked=1}',
  '{{constructor.constructor("window.marked=1")()}}',
  '%2e%2e%2f%3Cscript%3E',
  '__proto__',
  'constructor',
  'gnp\u202eexe.txt',
  'zero\u200bwidth',
]
const DATA = [
  `<script>${MARK}</script><img src="http://evil.example/x" onerror="${MARK}">`,
  '{"__proto__":{"marked":1},"type":"script","props":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=window.marked=1>"}}}',
]

describe('page/hostile', function () {
  this.timeout(120_000)
  let bench: PageBench
  const closers: (() => void)[] = []

  before(async function () {
    requireOrSkip(this, 'chromium')
    bench = await PageBench.open({ canEdit: true })
  })
  after(async () => {
    for (const close of closers) close()
    await bench?.close()
  })

  it('names, data, ids and paths are text, wherever they are shown, and no request leaves the origin', async () => {
    const { client } = bench
    await client.create('/names')
    for (const [i, name] of NAMES.entries()) {
      const acl = [
        { perms: 31, scheme: 'ip', id: '127.0.0.1' },
        { perms: 1, scheme: 'digest', id: `<img src=x onerror=${MARK}>:h` },
      ]
      const data = DATA[i % DATA.length] as string
      await client.create(`/names/${name}`, { data, flags: 1, ...(i === 0 ? { acl } : {}) })
      await client.exists(`/names/${name}`, true)
    }
    const page = await bench.tab('#/tree?path=/names')
    await page.waitForSelector('[role=treeitem][aria-selected=true]')
    await page.focus('[role=treeitem][tabindex="0"]')
    await page.keyboard.press('ArrowRight')
    await shows(page, /zero\\u\{200b\}width/, '[role=tree]')
    const rows = await rowsOf(page)
    for (const name of NAMES.slice(0, 10)) expect(rows).to.include(name)
    expect(rows).to.include('gnp\\u{202e}exe.txt')
    const hashes = [
      ...NAMES.map((name) => `#/tree?${new URLSearchParams({ path: `/names/${name}` })}`),
      ...['<', `"><img src=x onerror=${MARK}>`].map(
        (name) => `#/search?${new URLSearchParams({ path: '/names', name })}`,
      ),
      ...[`#/sessions?id=${encodeURIComponent(`"><img src=x onerror=${MARK}>`)}`, '#/watches'],
      `#/changes?prefix=${encodeURIComponent(`/names/"><img src=x onerror=${MARK}>`)}`,
      `#/sessions?id=0x${BigInt.asUintN(64, client.sessionId).toString(16)}`,
    ]
    for (const hash of hashes) {
      await page.evaluate((next) => {
        location.hash = next
      }, hash)
      await page.waitForFunction(() => document.querySelector('main .pane') !== null)
      await page.waitForNetworkIdle({ idleTime: 100, concurrency: 2 })
      for (const link of await page.$$eval('a', (all) => all.map((one) => one.href))) {
        expect(link.startsWith(`${bench.origin}/ui/`), link).to.equal(true)
      }
    }
    await go(page, hashes[0] as string)
    await press(page, 'Edit ACL')
    await shows(page, /<img src=x onerror=window\.marked=1>:…/, '.acl-form')
    await page.evaluate(() => {
      location.hash = '#/changes'
    })
    await page.waitForSelector('.feed')
    await page.waitForNetworkIdle({ idleTime: 300, concurrency: 2 })
    const setting = setInterval(
      () => void client.setData(`/names/${NAMES[0]}`, Buffer.from('x')),
      100,
    )
    await shows(page, /setData \/names\/<script>/, '.feed').finally(() => clearInterval(setting))
    const marked = await page.evaluate(() => [
      'marked' in window,
      'marked' in Object.prototype,
      document.querySelectorAll('main img, main svg, main script, iframe').length,
    ])
    expect(marked).to.deep.equal([false, false, 0])
    expect(bench.problems).to.deep.equal([])
    await page.close()
  })

  it('the policy is strict, and is obeyed: no other host, no inline script, no markup from text', async () => {
    const { headers } = await http(bench.port, '/ui/')
    const policy = String(headers['content-security-policy'])
    expect(policy).to.match(
      /^default-src 'none'; script-src 'self' 'sha256-[\w+/=]+'; style-src 'self'; /,
    )
    expect(policy).to.not.match(/unsafe|\*|http/)
    expect(policy)
      .to.include("require-trusted-types-for 'script'")
      .and.include("form-action 'none'")
    const page = await bench.tab('#/health')
    await shows(page, /clients are served/)
    // As text: what compiles this file would add calls of its own to functions with names.
    const tried = await page.evaluate(`(async () => {
      const fails = (run) => { try { run(); return false } catch { return true } }
      const foreign = await fetch('http://localhost:9/').then(() => 'answered', (error) => error.message)
      const script = document.createElement('script')
      const isScriptRefused = fails(() => { script.textContent = 'window.marked=1' })
      document.body.append(script)
      const hasRun = 'marked' in window
      const isMarkupRefused = fails(() => { document.body.innerHTML = '<b>x</b>' })
      return { foreign, isScriptRefused, hasRun, isMarkupRefused }
    })()`)
    expect(tried).to.deep.equal({
      ...{ foreign: 'Failed to fetch', isScriptRefused: true, hasRun: false },
      isMarkupRefused: true,
    })
    // What was tried was seen, so the same would be seen in the tests of others.
    expect(bench.problems.join('\n')).to.match(/Content Security Policy/)
    bench.problems.length = 0
    await page.close()
  })

  it('a page of somebody else changes and reads nothing, and cannot show this one inside itself', async () => {
    await bench.client.create('/safe', { data: 'mine' })
    const evil = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<iframe src="${bench.origin}/ui/"></iframe>`)
    })
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      evil.closeAllConnections()
      evil.close()
    })
    const { port } = evil.address() as AddressInfo
    const page = await bench.tab('#/health')
    await shows(page, /clients are served/)
    bench.problems.length = 0
    await page.goto(`http://localhost:${port}/`)
    const answers = await page.evaluate(`(async () => {
      const url = '${bench.origin}/api/v1/tree?path=/safe'
      const headers = { authorization: 'Bearer ${TOKEN}' }
      const body = '{"data":"theirs","version":0}'
      const statusOf = (init) =>
        fetch(url, init).then(({ status, type }) => [status, type].join(), () => 'refused')
      return Promise.all([
        statusOf({ credentials: 'include' }),
        statusOf({ mode: 'no-cors', method: 'POST', body, credentials: 'include' }),
        statusOf({ method: 'PUT', body, headers }),
      ])
    })()`)
    expect(answers).to.deep.equal(['refused', 'refused', 'refused'])
    const { data } = (await bench.client.getData('/safe')).record
    expect(data?.toString()).to.equal('mine')
    const inner = page.frames().find((frame) => frame !== page.mainFrame())
    expect(inner?.url()).to.not.match(/\/ui\/$/)
    bench.problems.length = 0
    await page.close()
  })

  it('a name that leads here is not served, unless it is known', async () => {
    const rebound = await http(bench.port, '/ui/', { headers: { host: 'evil.example:8080' } })
    expect([rebound.status, /--admin-host-names/.test(rebound.body)]).to.deep.equal([403, true])
    const files = await http(bench.port, '/ui/main.js', { headers: { host: 'evil.example' } })
    expect(files.status).to.equal(403)
    expect((await http(bench.port, '/ui/')).status).to.equal(200)
  })

  it('serves its own files alone', async () => {
    for (const path of ['..%2fpackage.json', 'tsconfig.json', 'constructor', 'x.js']) {
      expect((await http(bench.port, `/ui/${path}`)).status, path).to.equal(404)
    }
    const { headers, status } = await http(bench.port, '/')
    expect([status, headers.location]).to.deep.equal([302, 'ui/'])
    const licences = (await http(bench.port, '/ui/licences.txt')).body
    for (const name of ['preact', 'htm', 'uplot']) expect(licences).to.include(name)
    expect(await textOf(await bench.tab(''), 'footer')).to.match(/Licences/)
  })
})
