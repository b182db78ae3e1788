/** Vitepress, for the pages that scripts/docs-site.mjs lays in `pages`. A link that leads nowhere ends the build. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const docs = new URL('../docs/', import.meta.url)

/** The title of a page is its first heading. */
const entry = (folder) => (name) => ({
  text: /^# (.*)$/m.exec(readFileSync(new URL(`${folder}${name}`, docs), 'utf8'))?.[1] ?? name,
  link: `/docs/${folder}${name.replace('.md', '')}`,
})
const pages = (folder, names = readdirSync(new URL(folder || '.', docs))) =>
  names.filter((name) => name.endsWith('.md') && !/^README|template/.test(name)).map(entry(folder))

const named = (...names) =>
  pages(
    '',
    names.map((name) => `${name}.md`),
  )
const first = ['guide', 'deploy', 'kubernetes', 'operations', 'configuration', 'observe', 'tls']
const sidebar = [
  {
    text: 'Run it',
    items: named(
      ...first,
      'authentication',
      'audit',
      'reliability',
      'upgrade',
      'troubleshooting',
      'errors',
    ),
  },
  { text: 'Use it', items: named('library', 'changes', 'adapters', 'semantics', 'suites') },
  { text: 'Move', items: named('compare', 'copy') },
  { text: 'Rely on it', items: pages('guarantees/') },
  { text: 'How it works', items: named('flow', 'architecture', 'layout') },
  { text: 'Why it is so', collapsed: true, items: pages('decisions/') },
]

export default {
  title: 'anykeeper',
  description: 'ZooKeeper, on etcd',
  srcDir: fileURLToPath(new URL('./data/pages', import.meta.url)),
  outDir: fileURLToPath(new URL('./dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('./data/cache', import.meta.url)),
  ignoreDeadLinks: false,
  lastUpdated: false,
  rewrites: { 'README.md': 'index.md', 'docs/README.md': 'docs/index.md' },
  markdown: {
    // What looks like a tag in a page is text.
    html: false,
    config(md) {
      const { text } = md.renderer.rules
      md.renderer.rules.text = (...args) => text(...args).replaceAll('{{', '&#123;&#123;')
    },
  },
  themeConfig: {
    nav: [
      { text: 'Documentation', link: '/docs/' },
      // Typedoc's, beside the pages: no page of this site.
      { text: 'API', link: '/api/index.html', target: '_self' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar,
    search: { provider: 'local' },
    outline: [2, 3],
  },
}
