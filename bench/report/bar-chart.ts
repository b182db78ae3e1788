/**
 * A chart of horizontal bars around 1, as SVG: ratios on a logarithmic axis, so that twice and half
 * are as long. A whisker from the least to the greatest, a mark at each goal. Neighbour: svg.
 */
import { element, line, picture, text } from './svg.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  readonly least: number
  readonly greatest: number
  readonly goal: number | undefined
}

export interface BarChart {
  readonly title: string
  readonly note: string
  readonly bars: readonly Bar[]
}

const WIDTH = 760
const LEFT = 130
const RIGHT = 670
const TOP = 66
const ROW = 27
const BAR = 15
const FOOT = 34
/** Between a bar, with its whisker, and its number. */
const GAP = 6

/** The axis, in doublings from 1: it holds every value and goal. */
function reach(bars: readonly Bar[]): { from: number; to: number } {
  const values = bars.flatMap(({ least, greatest, goal = 1 }) => [least, greatest, goal])
  const doublings = values.filter((value) => value > 0).map(Math.log2)
  return {
    from: Math.floor(Math.min(-1, ...doublings)),
    to: Math.ceil(Math.max(1, ...doublings)),
  }
}

const FRACTIONS: Record<string, string> = { '-1': '½', '-2': '¼', '-3': '⅛' }
const tickName = (doubling: number): string =>
  FRACTIONS[doubling] ?? (doubling < 0 ? `1/${2 ** -doubling}` : `${2 ** doubling}`)

export function barChart({ title, note, bars }: BarChart): string {
  const { from, to } = reach(bars)
  const x = (value: number): number => {
    const doubling = Math.max(from, Math.min(to, Math.log2(Math.max(value, 2 ** from))))
    return LEFT + ((doubling - from) / (to - from)) * (RIGHT - LEFT)
  }
  const bottom = TOP + bars.length * ROW
  const content = [text(12, 24, 'title', title), text(12, 43, 'note', note)]
  for (let doubling = from; doubling <= to; doubling++) {
    const at = x(2 ** doubling)
    content.push(line(at, TOP - 6, at, bottom, doubling === 0 ? 'one' : 'grid'))
    content.push(text(at, bottom + 17, 'middle', tickName(doubling)))
  }
  for (const [i, bar] of bars.entries()) content.push(...row(bar, TOP + i * ROW, x))
  return picture({ width: WIDTH, height: bottom + FOOT, title }, content)
}

function row(bar: Bar, top: number, x: (value: number) => number): string[] {
  const { label, value, least, greatest, goal } = bar
  const middle = top + ROW / 2
  const [one, end] = [x(1), x(value)]
  const parts = [
    text(LEFT - 10, middle + 4, 'end', label),
    element('rect', {
      x: Math.min(one, end),
      y: middle - BAR / 2,
      width: Math.max(1, Math.abs(end - one)),
      height: BAR,
      class: value >= 1 ? 'more' : 'less',
    }),
    line(x(least), middle, x(greatest), middle, 'spread'),
  ]
  if (goal !== undefined) parts.push(goalMark(x(goal), middle))
  const after = Math.max(one, end, x(greatest), goal === undefined ? 0 : x(goal) + 3)
  parts.push(text(after + GAP, middle + 4, 'bold', `${value.toFixed(value < 10 ? 2 : 1)}×`))
  return parts
}

const goalMark = (at: number, middle: number): string =>
  element('path', { d: `M${at.toFixed(1)} ${middle - 10}v20`, class: 'goal' })
