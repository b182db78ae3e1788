/**
 * Jobs several at a time; they begin in their order.
 *
 * @param {readonly (() => Promise<void>)[]} jobs
 * @param {number} lanes
 */
export async function runInLanes(jobs, lanes) {
  const waiting = [...jobs]
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
