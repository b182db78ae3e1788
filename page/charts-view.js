/** Rates and latencies of this server over the last ten minutes. Beside each chart stand its newest values as text. */
import uPlot from 'uplot'
import { number } from './text.js'
import { Component, html } from './view.js'

const HEIGHT = 190
/** Names of the colours in the style sheet. */
const COLOURS = ['--one', '--two', '--three', '--four']

/** @typedef {{ title: string, unit: string, lines: readonly [name: string, label: string][] }} Chart */

/** @type {readonly Chart[]} */
const CHARTS = [
  {
    title: 'Requests',
    unit: '/s',
    lines: [
      ['reads', 'reads'],
      ['writes', 'writes'],
      ['events', 'events sent'],
      ['commits', 'commits'],
    ],
  },
  {
    title: 'Latency of reads',
    unit: 'ms',
    lines: [
      ['readP50', 'p50'],
      ['readP99', 'p99'],
    ],
  },
  {
    title: 'Latency of writes',
    unit: 'ms',
    lines: [
      ['writeP50', 'p50'],
      ['writeP99', 'p99'],
      ['commitP99', 'commit p99'],
    ],
  },
  { title: 'Event loop delay', unit: 'ms', lines: [['loopP99', 'p99 of the last minutes']] },
  {
    title: 'Clients',
    unit: '',
    lines: [
      ['connections', 'connections'],
      ['sessions', 'sessions of all servers'],
    ],
  },
  {
    title: 'Waiting',
    unit: '',
    lines: [
      ['outstanding', 'requests'],
      ['watches', 'watches'],
    ],
  },
]

/** @param {number} gaps */
const gapsText = (gaps) => (gaps === 0 ? '' : `, with ${gaps} gap${gaps === 1 ? '' : 's'}`)

/** In UTC, as all times of the page. @param {number} seconds */
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19)

/** Whose numbers they are, where several processes are behind one port. @param {import('./metric-values.js').Numbers} numbers */
export function groupText(numbers) {
  const workers = numbers.get('anykeeper_workers')
  if (workers === undefined) return undefined
  const silent = numbers.get('anykeeper_workers_silent') ?? 0
  const rest =
    silent === 0
      ? ''
      : `; ${silent} did not answer in time, and ${silent === 1 ? 'is' : 'are'} left out`
  return `Of ${workers} worker${workers === 1 ? '' : 's'} together${rest}.`
}

/** @param {{ numbers: import('./metric-values.js').Numbers, sampler: import('./samples.js').Samples, samples: number }} props */
export const ChartsView = ({
  numbers,
  sampler,
  samples,
}) => html`<section class="pane" aria-label="Charts">
  <h2>Rates and latencies</h2>
  ${groupText(numbers) === undefined ? null : html`<p class="quiet">${groupText(numbers)} Delays are those of the one that has the longest.</p>`}
  ${samples < 2 ? html`<p class="quiet">The first values come in a few seconds.</p>` : null}
  <div class="charts">
    ${CHARTS.map((chart) => html`<${ChartBox} key=${chart.title} chart=${chart} sampler=${sampler} samples=${samples} />`)}
  </div>
</section>`

/**
 * @typedef {{ chart: Chart, sampler: import('./samples.js').Samples, samples: number }} Props
 * @extends {Component<Props, {}>}
 */
class ChartBox extends Component {
  /** @type {HTMLElement | null} */
  #box = null
  /** @type {uPlot | undefined} */
  #plot
  #isDark = matchMedia('(prefers-color-scheme: dark)')
  #resized = new ResizeObserver(() => this.#fit())
  #repaint = () => this.#draw()

  componentDidMount() {
    this.#draw()
    if (this.#box !== null) this.#resized.observe(this.#box)
    this.#isDark.addEventListener('change', this.#repaint)
  }

  componentWillUnmount() {
    this.#isDark.removeEventListener('change', this.#repaint)
    this.#resized.disconnect()
    this.#plot?.destroy()
  }

  componentDidUpdate() {
    this.#plot?.setData(this.#data())
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { chart, sampler } = this.props
    return [sampler.times, ...chart.lines.map(([name]) => sampler.series[name] ?? [])]
  }

  get #width() {
    return Math.max(120, this.#box?.clientWidth ?? 0)
  }

  #fit() {
    if (this.#plot !== undefined && this.#plot.width !== this.#width) {
      this.#plot.setSize({ width: this.#width, height: HEIGHT })
    }
  }

  /** Colours are read when it is drawn: they differ between light and dark. */
  #draw() {
    if (this.#box === null) return
    this.#plot?.destroy()
    const style = getComputedStyle(document.documentElement)
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    }
    const { lines } = this.props.chart
    this.#plot = new uPlot(
      {
        width: this.#width,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        legend: { show: false },
        scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, size: 28, space: 80, values: (_plot, seconds) => seconds.map(clock) },
          { ...axis, size: 58, values: (_plot, values) => values.map((value) => number(value)) },
        ],
        series: [
          {},
          ...lines.map(([, label], i) => ({
            label,
            stroke: colour(COLOURS[i] ?? ''),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      this.#data(),
      this.#box,
    )
  }

  render() {
    const { chart, sampler } = this.props
    const { title, unit, lines } = chart
    const newest = lines.map(([name, label]) => ({
      name,
      label,
      value: sampler.series[name]?.at(-1),
    }))
    return html`<figure>
      <figcaption>${title}${unit === '' ? '' : `, ${unit}`}</figcaption>
      <p class="legend">${newest.map(
        ({ name, label, value }, i) =>
          html`<span key=${name} class=${`key k${i}`}>${label} <b data-series=${name}>${number(value)}</b></span>`,
      )}</p>
      <div class="plot" role="img" aria-label=${`${title} over time${gapsText(sampler.gaps)}`} ref=${(
        /** @type {HTMLElement | null} */ box,
      ) => {
        this.#box = box
      }}></div>
    </figure>`
  }
}
