/** Whether this server and its store are well, and the numbers to be looked at when they are not. */
import { groupText } from './charts-view.js'
import { bytesText, count, durationText, number, timeText, visible } from './text.js'
import { Facts, html } from './view.js'

/** What each check of readiness looks at; see docs/observe.md. @type {Record<string, string>} */
const CHECKS = {
  draining: 'takes new clients',
  loading: 'the tree is loaded',
  serving: 'clients are served',
  commits: 'requests are committed',
  space: 'the store has space',
}

/** @param {{ status: any, numbers: import('./metric-values.js').Numbers }} props */
export const HealthView = ({ status, numbers }) => html`<section class="pane" aria-label="Health">
  <h2>Health</h2>
  ${
    status === undefined
      ? null
      : html`
    <ul class="checks">${status.checks.map(
      (
        /** @type {any} */ { name, reason },
      ) => html`<li key=${name} class=${reason === undefined ? 'good' : 'bad'}>
        <span aria-hidden="true">${reason === undefined ? '✓' : '✗'}</span> <b>${CHECKS[name] ?? name}</b>${reason === undefined ? '' : `: not so: ${visible(reason)}`}
      </li>`,
    )}</ul>
    <h3>Server</h3>
    <${Facts} rows=${[
      ['mode', status.mode],
      ['servers', count(status.servers)],
      ['id', status.proxy],
      ['worker that answered', status.worker],
      ['version that clients see', status.version],
      ['up', durationText(status.upMs)],
      ['started', timeText(status.startedMs)],
      ['trouble', status.trouble && visible(status.trouble)],
      ['changes by this page', status.canEdit ? 'allowed (--admin-edit)' : 'off'],
    ]} />`
  }
  <h3>Store</h3>
  <${Facts} rows=${storeRows(status, numbers)} />
  ${
    numbers.has('anykeeper_workers')
      ? html`
    <h3>Worker ${numbers.get('anykeeper_worker')}, which answered last</h3>
    <${Facts} rows=${memoryRows(numbers)} />
    <h3>All workers</h3>
    <p class="quiet">${groupText(numbers)} The heap, the delay and the open files are those of the one that has the most.</p>
    <${Facts} rows=${processRows(numbers)} />`
      : html`
    <h3>This process</h3>
    <${Facts} rows=${[...memoryRows(numbers), ...processRows(numbers)]} />`
  }
</section>`

/** @param {any} status @param {import('./metric-values.js').Numbers} numbers @returns {[string, any][]} */
function storeRows(status, numbers) {
  const bytes = (/** @type {string} */ name) =>
    numbers.has(name) ? bytesText(numbers.get(name)) : undefined
  return [
    ['store', status && visible(status.store)],
    ['in use', bytes('anykeeper_store_bytes_in_use')],
    ['size', bytes('anykeeper_store_bytes')],
    ['size at most', bytes('anykeeper_store_bytes_max')],
    ['journal', bytes('anykeeper_journal_bytes')],
    ['records to be written behind', count(numbers.get('anykeeper_backlog_keys'))],
    ['oldest request that waits', `${count(numbers.get('anykeeper_commit_stalled_ms'))} ms`],
    ['commits', count(numbers.get('anykeeper_commit_batches'))],
    ['commits of unknown outcome', count(numbers.get('anykeeper_commit_unknown_outcomes'))],
    ['races for the head that were lost', count(numbers.get('anykeeper_commit_conflicts'))],
    ['outages', count(numbers.get('anykeeper_outages'))],
    ['reloads of the tree', count(numbers.get('anykeeper_resyncs'))],
    ['records that differed', count(numbers.get('anykeeper_record_differences'))],
    ['unreadable znodes', count(numbers.get('anykeeper_unreadable_znodes'))],
  ]
}

/** @param {import('./metric-values.js').Numbers} numbers @returns {[string, any][]} */
const memoryRows = (numbers) => [
  ['data in the tree', bytesText(numbers.get('approximate_data_size'))],
  ['memory', bytesText(numbers.get('process_resident_memory_bytes'))],
]

/** With --workers, of all of them. @param {import('./metric-values.js').Numbers} numbers @returns {[string, any][]} */
function processRows(numbers) {
  return [
    ['heap that lives', bytesText(numbers.get('anykeeper_memory_live_bytes'))],
    ['event loop delay, p99', `${number(numbers.get('anykeeper_p99_loop_delay'))} ms`],
    ['open files and sockets', count(numbers.get('open_file_descriptor_count'))],
    ['connections', count(numbers.get('num_alive_connections'))],
    ['requests in flight', count(numbers.get('outstanding_requests'))],
  ]
}
