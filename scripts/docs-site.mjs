/** Builds the documentation as a site in site/dist, with the API beside it, and checks its links: `npm run docs:site`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { outputOf, root, runShown } from './lib/run.mjs'

const site = join(root, 'site')
// Names that git and the tests leave out.
const data = join(site, 'data')
const pages = join(data, 'pages')
const tracked = outputOf('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
})
const files = tracked.trim().split('\n')
const isPage = (path) => path.endsWith('.md') && !/^(?:test|site)\//.test(path)

/** A link to what is no page of the site, such as a source, is its text there. The tests look at the links themselves. */
function withoutSources(path, text) {
  return text.replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, label, target) => {
    if (/^[a-z]+:|^#/.test(target)) return whole
    const to = posix.join(posix.dirname(path), target.split('#')[0])
    return isPage(to) || /\.(?:svg|png)$/.test(to) ? whole : label
  })
}

rmSync(pages, { recursive: true, force: true })
for (const path of files) {
  const isPicture = /^(?:docs|bench)\/.*\.(?:svg|png)$/.test(path)
  if (!isPage(path) && !isPicture) continue
  mkdirSync(dirname(join(pages, path)), { recursive: true })
  const bytes = readFileSync(join(root, path))
  writeFileSync(join(pages, path), isPicture ? bytes : withoutSources(path, bytes.toString()))
}
if (!existsSync(join(site, 'node_modules'))) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: site,
    stdio: 'inherit',
  })
}
mkdirSync(join(data, '.vitepress'), { recursive: true })
const config = "export { default } from '../../vitepress.config.mjs'\n"
writeFileSync(join(data, '.vitepress', 'config.mjs'), config)
const run = async (...args) => {
  const status = await runShown(process.execPath, args)
  if (status !== 0) process.exit(1)
}
await run(join(site, 'node_modules/vitepress/bin/vitepress.js'), 'build', data)
const api = join(site, 'dist', 'api')
await run(join(root, 'node_modules/typedoc/bin/typedoc'), '--out', api, '--logLevel', 'Warn')
console.log(`the site is in ${join(site, 'dist')}`)
