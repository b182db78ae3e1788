/**
 * Small charts side by side, both axes logarithmic: the cost of an operation over what grows. Flat
 * means that it does not matter. Neighbour: svg.
 */
import { element, line, picture, text } from './svg.ts'

export interface Curve {
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export interface Panel {
  readonly title: string
  readonly curves: readonly Curve[]
}

export interface CurveChart {
  readonly title: string
  readonly panels: readonly Panel[]
}

const ACROSS = 3
const WIDTH = 760
const TOP = 40
const PANEL = { width: WIDTH / ACROSS, height: 210 } as const
/** Of the drawing inside a panel. */
const INSET = { left: 48, right: 14, top: 40, bottom: 34 } as const
const SHADES = ['a', 'b', 'c']

interface Scale {
  (value: number): number
  readonly decades: readonly number[]
}

/** From one whole decade to another, around all values. */
function scale(values: readonly number[], fromPx: number, toPx: number): Scale {
  const logs = values.filter((value) => value > 0).map((value) => toNine(Math.log10(value)))
  const from = logs.length === 0 ? 0 : Math.floor(Math.min(...logs))
  const to = Math.max(from + 1, ...logs.map(Math.ceil))
  const at = (value: number) => {
    const log = Math.max(from, Math.log10(Math.max(value, Number.MIN_VALUE)))
    return fromPx + ((log - from) / (to - from)) * (toPx - fromPx)
  }
  const decades = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
  return Object.assign(at, { decades })
}

/** A power of ten is one, whatever the last bits say. */
const toNine = (value: number): number => Math.round(value * 1e9) / 1e9

function tickName(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  if (value >= 1e3) return `${value / 1e3}k`
  return String(Number(value.toPrecision(1)))
}

export function curveChart({ title, panels }: CurveChart): string {
  const rows = Math.ceil(panels.length / ACROSS)
  const content = [text(12, 24, 'title', title)]
  for (const [i, panel] of panels.entries()) {
    const left = (i % ACROSS) * PANEL.width
    content.push(...drawPanel(panel, left, TOP + Math.floor(i / ACROSS) * PANEL.height))
  }
  return picture({ width: WIDTH, height: TOP + rows * PANEL.height, title }, content)
}

function drawPanel({ title, curves }: Panel, left: number, top: number): string[] {
  const box = {
    left: left + INSET.left,
    right: left + PANEL.width - INSET.right,
    top: top + INSET.top,
    bottom: top + PANEL.height - INSET.bottom,
  }
  const all = curves.flatMap(({ points }) => points)
  const x = scale(
    all.map((point) => point.x),
    box.left,
    box.right,
  )
  const y = scale(
    all.map((point) => point.y),
    box.bottom,
    box.top,
  )
  const parts = [text(box.left, top + 14, 'bold', title)]
  for (const decade of y.decades) {
    parts.push(line(box.left, y(decade), box.right, y(decade), 'grid'))
    parts.push(text(box.left - 6, y(decade) + 4, 'end note', tickName(decade)))
  }
  for (const decade of x.decades) {
    parts.push(line(x(decade), box.top, x(decade), box.bottom, 'grid'))
    parts.push(text(x(decade), box.bottom + 16, 'middle note', tickName(decade)))
  }
  let legend = box.left
  for (const [i, { label, points }] of curves.entries()) {
    const shade = SHADES[i % SHADES.length]!
    const path = points.map((p, n) => `${n === 0 ? 'M' : 'L'}${px(x(p.x))} ${px(y(p.y))}`)
    parts.push(element('path', { d: path.join(''), class: `curve ${shade}` }))
    for (const p of points) {
      parts.push(element('circle', { cx: x(p.x), cy: y(p.y), r: 2.5, class: `dot ${shade}` }))
    }
    parts.push(line(legend, top + 27, legend + 10, top + 27, `curve ${shade}`))
    parts.push(text(legend + 13, top + 31, 'note', label))
    legend += 20 + label.length * 6
  }
  return parts
}

const px = (value: number): string => value.toFixed(1)
