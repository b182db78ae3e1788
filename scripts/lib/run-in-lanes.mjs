/**
 * Groups several at a time, in the order of the table. A group that is `alone` measures time, so it
 * waits until every lane is empty.
 *
 * @template {{alone?: boolean}} G
 * @param {readonly G[]} groups
 * @param {number} lanes
 * @param {(group: G) => Promise<void>} run
 */
export async function runInLanes(groups, lanes, run) {
  const together = groups.filter(({ alone }) => !alone)
  const lane = async () => {
    for (let group = together.shift(); group !== undefined; group = together.shift()) {
      await run(group)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  for (const group of groups.filter(({ alone }) => alone)) await run(group)
}
