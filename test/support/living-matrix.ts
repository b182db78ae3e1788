/**
 * What lives on from one session to the next × faults, as a table. What always holds: never two leaders at the same time,
 * and tokens grow; every wait settles; each is there again, once; no znode without an owner stays. Neighbours: living-play,
 * living-scenes, living-faults, matrix-cells.
 */
import { LIVING_FAULTS, type LivingFault } from './living-faults.ts'
import { LivingPlay } from './living-play.ts'
import { type Living, livings } from './living-scenes.ts'
import type { Cell } from './matrix-cells.ts'
import { type Bed, openRoom, threeSeats } from './recipe-play.ts'

type Role = 'first' | 'second'

export const livingCells: readonly Cell[] = livings.flatMap((living) =>
  LIVING_FAULTS.filter((fault) => fault.isFor?.(living) !== false).flatMap((fault) =>
    rolesOf(living, fault).map((role) => ({
      recipe: living.name,
      fault: `${fault.name} (the ${role})`,
      run: (bed: Bed) => run(bed, living, fault, role),
    })),
  ),
)

/** The first one leads. */
function rolesOf({ isExclusive }: Living, { isEarly }: LivingFault): readonly Role[] {
  return isExclusive && isEarly !== true ? ['first', 'second'] : ['second']
}

async function run(bed: Bed, living: Living, fault: LivingFault, role: Role): Promise<void> {
  const seats = await threeSeats(bed)
  await openRoom(bed, seats)
  const play = new LivingPlay(bed, living, seats)
  const one = play[role]
  const other = role === 'first' ? play.second : play.first
  if (fault.isEarly) await play.settles(other.life.start())
  else await play.begin()
  await fault.run(play, one, other)
  await play.end()
}
