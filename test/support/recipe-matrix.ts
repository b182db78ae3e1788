/**
 * Recipes × faults, as a table. What always holds: no two hold at the same time what excludes each other, and tokens
 * grow; every wait settles; no ephemeral stays. Neighbours: recipe-play, recipe-scenes, recipe-wait-faults,
 * recipe-holder-faults, matrix-cells.
 */
import type { Cell } from './matrix-cells.ts'
import { HOLDER_FAULTS } from './recipe-holder-faults.ts'
import { type Bed, type Fault, onlooker, openRoom, Play, type Recipe } from './recipe-play.ts'
import { recipes } from './recipe-scenes.ts'
import { unknownOutcomes, WAIT_FAULTS } from './recipe-wait-faults.ts'

export const recipeCells: readonly Cell[] = recipes.flatMap((recipe) => {
  const holders = recipe.isHeld ? HOLDER_FAULTS : []
  return [...WAIT_FAULTS, ...unknownOutcomes(recipe), ...holders].map((fault) => ({
    recipe: recipe.name,
    fault: fault.name,
    run: (bed) => run(bed, recipe, fault),
  }))
})

async function run(bed: Bed, recipe: Recipe, fault: Fault): Promise<void> {
  const seats = [await bed.seat(), await bed.seat(), await bed.seat(onlooker(bed))] as const
  await openRoom(bed, seats)
  const scene = await recipe.scene(seats[0].client, seats[1].client)
  const play = new Play(bed, seats, scene)
  await fault.run(play)
  await play.end()
}
