/**
 * Groups several at a time, in the order of the table.
 *
 * @template G
 * @param {readonly G[]} groups
 * @param {number} lanes
 * @param {(group: G) => Promise<void>} run
 */
export async function runInLanes(groups, lanes, run) {
  const waiting = [...groups]
  const lane = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      await run(group)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
