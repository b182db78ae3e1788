/** Mocha's spec output for the terminal, and the totals as JSON in the file `summary` names. */
import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_TEST_END, EVENT_RUN_END } =
  Mocha.Runner.constants

// Mocha takes a reporter by its default export.
export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const summary = { passed: 0, failed: 0, skipped: 0, failures: [], slowest: undefined }
    runner.on(EVENT_TEST_PASS, () => {
      summary.passed++
    })
    runner.on(EVENT_TEST_PENDING, () => {
      summary.skipped++
    })
    // Also for hooks that fail: what they keep from running is not counted, they are.
    runner.on(EVENT_TEST_FAIL, (runnable, error) => {
      summary.failed++
      summary.failures.push({
        title: runnable.fullTitle(),
        message: String(error?.message ?? error).split('\n')[0],
      })
    })
    runner.on(EVENT_TEST_END, ({ title, duration = 0 }) => {
      if (duration > (summary.slowest?.ms ?? 0)) summary.slowest = { title, ms: duration }
    })
    runner.on(EVENT_RUN_END, () => {
      writeFileSync(options.reporterOptions.summary, JSON.stringify(summary))
    })
  }
}
