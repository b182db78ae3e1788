/**
 * The files of the page, as they are in the package, and those of the libraries that it uses, as npm installed them: nothing is built,
 * and nothing comes from another host. Neighbour: page-routes (serves them).
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
}

/** All files of the page, by their names, and what a browser may do with them. */
export interface PageFiles {
  readonly files: ReadonlyMap<string, PageFile>
  /** Of all of them: another version of this package has another one. */
  readonly version: string
  readonly securityPolicy: string
}

/** Served under the name → where it is in which package. */
const LIBRARIES = [
  { name: 'preact.js', package: 'preact', file: 'dist/preact.mjs' },
  { name: 'htm.js', package: 'htm', file: 'dist/htm.module.js' },
  { name: 'uplot.js', package: 'uplot', file: 'dist/uPlot.esm.js' },
  { name: 'uplot.css', package: 'uplot', file: 'dist/uPlot.min.css' },
] as const

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Hexadecimal digits. */
const VERSION_LENGTH = 16

let loaded: Promise<PageFiles> | undefined

/** Read once. Rejects when the package is not whole; then it is tried again with the next call. */
export function pageFiles(): Promise<PageFiles> {
  loaded ??= load().catch((error) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function load(): Promise<PageFiles> {
  const folder = pageFolder()
  const files = new Map<string, PageFile>()
  for (const name of await readdir(folder)) {
    const type = TYPES[extname(name)]
    if (type !== undefined) files.set(name, { type, bytes: await readFile(join(folder, name)) })
  }
  for (const { name, package: library, file } of LIBRARIES) {
    const bytes = await readFile(join(packageFolder(library), file))
    files.set(name, { type: TYPES[extname(name)] as string, bytes })
  }
  files.set('licences.txt', { type: TYPES['.txt'] as string, bytes: await licences() })
  const html = files.get('index.html')?.bytes.toString() ?? ''
  const version = versionOf(files)
  const bytes = Buffer.from(
    html.replace('name="page" content=""', `name="page" content="${version}"`),
  )
  files.set('index.html', { type: TYPES['.html'] as string, bytes })
  return { files, version, securityPolicy: securityPolicyOf(html) }
}

function versionOf(files: PageFiles['files']): string {
  const hash = createHash('sha256')
  for (const name of [...files.keys()].sort()) {
    hash.update(`${name}\0`).update((files.get(name) as PageFile).bytes)
  }
  return hash.digest('hex').slice(0, VERSION_LENGTH)
}

/** Beside the sources, or beside the folder of the build. */
function pageFolder(): string {
  for (const up of ['../../../page/', '../../../../page/']) {
    const folder = fileURLToPath(new URL(up, import.meta.url))
    if (existsSync(join(folder, 'index.html'))) return folder
  }
  throw new Error('the files of the page are not in this installation')
}

/** Whoever hands out a copy of a library hands out its licence, too. */
async function licences(): Promise<Buffer> {
  const parts: string[] = []
  for (const name of new Set(LIBRARIES.map(({ package: library }) => library))) {
    const folder = packageFolder(name)
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const text = await readFile(join(folder, 'LICENSE'), 'utf8')
    parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`)
  }
  return Buffer.from(parts.join('\n----\n\n'))
}

/** Where npm installed it: in this package, or in one above. */
function packageFolder(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/**
 * Nothing but what this server has, no inline script but the map of module names, and no text that becomes markup or code: what is in
 * znodes may be written by anybody.
 */
function securityPolicyOf(html: string): string {
  const [, map = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(html) ?? []
  const hash = createHash('sha256').update(map).digest('base64')
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}
