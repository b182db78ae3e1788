/**
 * Counters and queues × faults, as a table. What always holds: every call settles; what was reported as done is done once,
 * what was reported as not done is not; no element is lost, or had by two; no claim stays. Neighbours: work-play,
 * work-scenes, work-faults.
 */
import { type Bed, openRoom } from './recipe-play.ts'
import { unknownWrites, WORK_FAULTS } from './work-faults.ts'
import { type Work, WorkPlay } from './work-play.ts'

/** Declares a test for each work and fault. `bed` is called within a test. `only`: of the faults whose names have this. */
export function testWorks(
  bed: () => Bed,
  works: readonly Work[],
  only: (fault: string) => boolean = () => true,
): void {
  for (const work of works) {
    describe(work.name, () => {
      for (const fault of [...WORK_FAULTS, ...unknownWrites(work)]) {
        if (!only(fault.name)) continue
        it(fault.name, async () => {
          const place = bed()
          const renew = { renew: true }
          const seats = [
            await place.seat(renew),
            await place.seat(renew),
            await place.seat({ retryMs: place.timeoutMs }),
          ] as const
          await openRoom(place, seats)
          const play = new WorkPlay(place, work, seats)
          await play.works()
          await fault.run(play)
          await play.end()
        })
      }
    })
  }
}
