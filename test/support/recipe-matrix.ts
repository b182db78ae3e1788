/**
 * Recipes × faults, as a table. What always holds: no two hold at the same time what excludes each other, and tokens
 * grow; every wait settles; no ephemeral stays. Neighbours: recipe-play, recipe-scenes, recipe-wait-faults,
 * recipe-holder-faults.
 */
import { HOLDER_FAULTS } from './recipe-holder-faults.ts'
import { type Bed, Play, type Recipe, ROOM } from './recipe-play.ts'
import { unknownOutcomes, WAIT_FAULTS } from './recipe-wait-faults.ts'

/**
 * Declares a test for each recipe and fault. `bed` is called within a test. `only`: of the faults whose names have this.
 */
export function testRecipes(
  bed: () => Bed,
  recipes: readonly Recipe[],
  only: (fault: string) => boolean = () => true,
): void {
  for (const recipe of recipes) {
    describe(recipe.name, () => {
      const holders = recipe.isHeld ? HOLDER_FAULTS : []
      for (const fault of [...WAIT_FAULTS, ...unknownOutcomes(recipe), ...holders]) {
        if (!only(fault.name)) continue
        it(fault.name, async () => {
          const place = bed()
          const seats = [await place.seat(), await place.seat(), await place.seat()] as const
          await seats[2].client.create(ROOM, null)
          for (const { client } of seats) await client.sync()
          const scene = await recipe.scene(seats[0].client, seats[1].client)
          const play = new Play(place, seats, scene)
          await fault.run(play)
          await play.end()
        })
      }
    })
  }
}
