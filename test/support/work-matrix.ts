/**
 * Counters and queues × faults, as a table. What always holds: every call settles; what was reported as done is done once,
 * what was reported as not done is not; no element is lost, or had by two; no claim stays. Neighbours: work-play,
 * work-scenes, work-faults, matrix-cells.
 */
import type { Cell } from './matrix-cells.ts'
import { type Bed, openRoom, threeSeats } from './recipe-play.ts'
import { unknownWrites, WORK_FAULTS, type WorkFault } from './work-faults.ts'
import { type Work, WorkPlay } from './work-play.ts'
import { works } from './work-scenes.ts'

export const workCells: readonly Cell[] = works.flatMap((work) =>
  [...WORK_FAULTS, ...unknownWrites(work)].map((fault) => ({
    recipe: work.name,
    fault: fault.name,
    run: (bed) => run(bed, work, fault),
  })),
)

async function run(bed: Bed, work: Work, fault: WorkFault): Promise<void> {
  const seats = await threeSeats(bed)
  await openRoom(bed, seats)
  const play = new WorkPlay(bed, work, seats)
  await play.works()
  await fault.run(play)
  await play.end()
}
