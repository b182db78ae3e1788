/** What the documentation says about files, rooms and tests, in a form that a test can compare. */
import { posix } from 'node:path'
import type { SourceFile } from './import-rules.ts'

export interface Page {
  readonly path: string
  readonly text: string
}

/** The cells of the table between `<!-- name -->` and the next comment, without its two head rows. */
export function tableRows(text: string, name: string): string[][] {
  const part = text.split(`<!-- ${name} -->`)[1]?.split('<!--')[0] ?? ''
  const lines = part.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** What stands between backticks. */
export function codeWords(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!)
}

/** `from --> to` of the mermaid drawing between `<!-- name -->` and the next comment. */
export function drawnEdges(text: string, name: string): string[] {
  const part = text.split(`<!-- ${name} -->`)[1]?.split('<!--')[0] ?? ''
  return part.split('\n').flatMap((line) => {
    const [from, to] = line.split('-->')
    if (from === undefined || to === undefined) return []
    return to.split('&').map((one) => `${from.trim()} --> ${one.trim()}`)
  })
}

/** The same, of the imports. `placeOf` says where a file lies in the drawing, or that it does not. */
export function importedEdges(
  files: readonly SourceFile[],
  placeOf: (path: string) => string | undefined,
): string[] {
  const edges = new Set<string>()
  for (const { path, imports } of files) {
    const from = placeOf(path)
    for (const specifier of imports) {
      if (from === undefined || !specifier.startsWith('.')) continue
      const to = placeOf(posix.join(posix.dirname(path), specifier))
      if (to !== undefined && to !== from) edges.add(`${from} --> ${to}`)
    }
  }
  return [...edges]
}

/** Relative links of the pages that lead nowhere, anchors included. */
export function brokenLinks(pages: readonly Page[], exists: (path: string) => boolean): string[] {
  const anchors = new Map(pages.map(({ path, text }) => [path, anchorsOf(text)]))
  return pages.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
      if (/^[a-z]+:/.test(target!)) return []
      const [file = '', anchor] = target!.split('#')
      const to = file === '' ? path : posix.join(posix.dirname(path), file)
      if (!exists(to.replace(/\/$/, ''))) return [`${path}: ${target}: no such file`]
      if (anchor === undefined || anchors.get(to)?.has(anchor) !== false) return []
      return [`${path}: ${target}: no such heading`]
    }),
  )
}

/** Paths of this repository between backticks that are not there. The past may name what was there then. */
export function missingPaths(pages: readonly Page[], exists: (path: string) => boolean): string[] {
  return pages.flatMap(({ path, text }) => {
    if (path === 'CHANGELOG.md') return []
    const named = [...withoutFences(text).matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(([, one]) => one!)
    const ours = named.filter((one) =>
      /^(?:lib|proxy|adapters|cli|test|bench|docs|scripts)\//.test(one),
    )
    return ours.flatMap((one) =>
      exists(one.replace(/\/$/, '')) ? [] : [`${path}: ${one}: no such file`],
    )
  })
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutFences(text).matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, (code) => (code.endsWith('.ts`') ? code : ''))
}

/** `[file](link): “title”, “title”` of the pages, where the file has no such title. */
export function missingTitles(
  pages: readonly Page[],
  read: (path: string) => string | undefined,
): string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+\.ts)\): (“[^|]*)/g)].flatMap(([, link, quoted]) => {
      const to = posix.join(posix.dirname(path), link!)
      const source = read(to) ?? ''
      const titles = [...quoted!.matchAll(/“([^”]+)”/g)].map(([, title]) => title!)
      return titles.flatMap((title) =>
        source.includes(title) ? [] : [`${path}: “${title}” is not in ${to}`],
      )
    }),
  )
}
