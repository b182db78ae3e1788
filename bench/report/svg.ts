/** The little of SVG that the charts need: elements as text, and their looks. */

type Attributes = Readonly<Record<string, string | number>>

export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const round = (value: string | number): string =>
  escaped(typeof value === 'number' ? String(Math.round(value * 10) / 10) : value)

export function element(name: string, attributes: Attributes, ...content: string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${round(value)}"`)
  const open = `<${name}${given.join('')}`
  return content.length === 0 ? `${open}/>` : `${open}>${content.join('')}</${name}>`
}

export const text = (x: number, y: number, look: string, content: string): string =>
  element('text', { x, y, class: look }, escaped(content))

export const line = (x1: number, y1: number, x2: number, y2: number, look: string): string =>
  element('line', { x1, y1, x2, y2, class: look })

/** For pages light and dark alike: no background, colours that are seen on both. */
const LOOKS = `
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #4b5563 }
.title { font-size: 15px; font-weight: 600 }
.note { font-size: 11px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.bold { font-weight: 600 }
line { stroke: #8b949e; stroke-width: 1 }
.grid { stroke-opacity: .3 }
.one { stroke-width: 1.5 }
.spread { stroke: #374151; stroke-width: 1.5 }
.more { fill: #3b82c4 }
.less { fill: #cf8a35 }
.curve { fill: none; stroke-width: 2 }
.a { stroke: #3b82c4 }
.b { stroke: #cf8a35 }
.c { stroke: #4b9b62 }
.dot.a { fill: #3b82c4 }
.dot.b { fill: #cf8a35 }
.dot.c { fill: #4b9b62 }
.goal { fill: none; stroke: #b3261e; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #b1bac4 }
  .spread { stroke: #d0d7de }
  .goal { stroke: #ff7b72 }
}
`

export interface Picture {
  readonly width: number
  readonly height: number
  /** For people who cannot see it. */
  readonly title: string
}

export function picture({ width, height, title }: Picture, content: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
  }
  const parts = [element('title', {}, escaped(title)), element('style', {}, LOOKS), ...content]
  return `${element('svg', attributes, '\n', parts.join('\n'), '\n')}\n`
}
