/**
 * What lives on from one session to the next × faults, as a table. What always holds: never two leaders at the same time,
 * and tokens grow; every wait settles; each is there again, once; no znode without an owner stays. Neighbours: living-play,
 * living-scenes, living-faults.
 */
import { LIVING_FAULTS } from './living-faults.ts'
import { LivingPlay } from './living-play.ts'
import type { Living } from './living-scenes.ts'
import { type Bed, openRoom } from './recipe-play.ts'

/** Declares a test for each recipe and fault. `bed` is called within a test. `only`: of the faults whose names have this. */
export function testLivings(
  bed: () => Bed,
  livings: readonly Living[],
  only: (fault: string) => boolean = () => true,
): void {
  for (const living of livings) {
    describe(living.name, () => {
      for (const fault of LIVING_FAULTS) {
        if (!only(fault.name) || fault.isFor?.(living) === false) continue
        // The first one leads.
        const roles =
          living.isExclusive && !fault.isEarly
            ? (['first', 'second'] as const)
            : ['second' as const]
        for (const role of roles) {
          it(`${fault.name} (the ${role})`, async () => {
            const place = bed()
            const renew = { renew: true }
            const seats = [
              await place.seat(renew),
              await place.seat(renew),
              await place.seat({ retryMs: place.timeoutMs }),
            ] as const
            await openRoom(place, seats)
            const play = new LivingPlay(place, living, seats)
            const one = play[role]
            const other = role === 'first' ? play.second : play.first
            if (fault.isEarly) await play.settles(other.life.start())
            else await play.begin()
            await fault.run(play, one, other)
            await play.end()
          })
        }
      }
    })
  }
}
