/**
 * Recipes × what befalls clocks and histories: wall clocks that jump by hours, machines that are suspended (their monotonic clock stands still), a store
 * that is restored from an older backup. Never two holders, every wait settles, no ephemeral stays.
 */
import { expect } from 'chai'
import { onlooker, openRoom, Play, type Recipe, shortMs } from '../support/recipe-play.ts'
import { recipes } from '../support/recipe-scenes.ts'
import type { Snapshot } from '../support/switched-store.ts'
import { type WeatherBed, type WeatherSeat, weatherBed } from '../support/weather-bed.ts'

/** `WEATHER=all`: all of them for each recipe; else one jump of a wall clock in turn. */
const IS_ALL = process.env.WEATHER === 'all'
const HOUR_MS = 3_600_000

interface Stage {
  readonly bed: WeatherBed
  readonly recipe: Recipe
  readonly play: Play
  readonly a: WeatherSeat
  readonly b: WeatherSeat
  /** Of the store before anybody held or waited. */
  readonly backup: Snapshot
}

interface Weather {
  readonly name: string
  /** For recipes that hold something. */
  readonly isOfHolders?: true
  run(stage: Stage): Promise<void>
}

const JUMPS = [
  ['5 hours forward', 5 * HOUR_MS],
  ['5 hours back', -5 * HOUR_MS],
] as const

const jumps = JUMPS.flatMap(([how, ms]): Weather[] =>
  (['the holder', 'the one that waits', 'everybody'] as const).map((who) => ({
    name: `the wall clock of ${who} jumps ${how}`,
    async run({ bed, play, a, b }) {
      const wait = await play.begun()
      if (who !== 'the one that waits') a.jump(ms)
      if (who !== 'the holder') b.jump(ms)
      await bed.pass(shortMs(bed))
      const { held } = play.scene
      if (held !== undefined) expect(held.isHeld, 'it is held').to.equal(true)
      expect(wait.outcome.now, 'it waits').to.equal('pending')
      await bed.pass(2 * bed.timeoutMs)
      expect(wait.outcome.now, 'it waits on').to.equal('pending')
      await play.scene.letIn()
      await play.ends(wait, 'done')
    },
  })),
)

/** What follows where what was seen is lost: all of it has ended, and others may begin. */
async function beginsAgain({ bed, recipe, play }: Stage): Promise<void> {
  const { held } = play.scene
  await openRoom(bed, [play.observer])
  await play.leavesNothing()
  const seats = [await bed.seat(), await bed.seat(), play.observer] as const
  await openRoom(bed, seats)
  const scene = await recipe.scene(seats[0].client, seats[1].client)
  const again = new Play(bed, seats, scene)
  const wait = await again.begun()
  if (held !== undefined && scene.held !== undefined) {
    expect(scene.held.token, 'the token').to.be.greaterThan(held.token)
    expect([held.isHeld, scene.held.isHeld]).to.deep.equal([false, true])
  }
  await scene.letIn()
  await again.ends(wait, 'done')
  await again.end()
}

const others: readonly Weather[] = [
  {
    name: 'the machine of the holder is suspended for longer than its session',
    isOfHolders: true,
    async run({ play, a }) {
      const wait = await play.begun()
      await a.suspend(() => play.ends(wait, 'done'))
      const { held } = play.scene
      expect(held?.isHeld, 'before any timer or event').to.equal(false)
      await play.bed.until('its loss', () => held?.signal.aborted === true)
      expect(held?.signal.reason.code).to.equal('ZK_SESSION_EXPIRED')
      await play.leavesNothing(a.client)
    },
  },
  {
    name: 'the machine of the one that waits is suspended for longer than its session',
    async run({ bed, play, b }) {
      const wait = await play.begun()
      const isOver = await play.marked(b)
      await b.suspend(() => bed.until('the end of its session', isOver))
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
      await play.leavesNothing(b.client)
    },
  },
  {
    name: 'the store is restored from a backup of before',
    async run(stage) {
      const { bed, play, backup } = stage
      const wait = await play.begun()
      await bed.restore(backup)
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
      const { held } = play.scene
      if (held !== undefined) await bed.until('its loss', () => held.signal.aborted)
      await beginsAgain(stage)
    },
  },
  {
    name: 'the store is restored from a backup of the wait, behind which something was seen',
    async run(stage) {
      const { bed, play, a, b } = stage
      const wait = await play.begun()
      const backup = await bed.snapshot()
      await play.observer.client.create('/seen', null)
      for (const { client } of [a, b]) await client.sync()
      await bed.restore(backup)
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
      const { held } = play.scene
      if (held !== undefined) await bed.until('its loss', () => held.signal.aborted)
      await beginsAgain(stage)
    },
  },
]

const WEATHERS = [...jumps, ...others]

const selection = (turn: number): readonly Weather[] => [
  jumps[turn % jumps.length] as Weather,
  ...others,
]

describe('recipes in bad weather of clocks and histories', () => {
  const bed = weatherBed()

  for (const [turn, recipe] of recipes.entries()) {
    describe(recipe.name, () => {
      for (const weather of IS_ALL ? WEATHERS : selection(turn)) {
        if (weather.isOfHolders === true && !recipe.isHeld) continue
        it(weather.name, async () => {
          const [a, b, observer] = [
            await bed.seat(),
            await bed.seat(),
            await bed.seat(onlooker(bed)),
          ]
          await openRoom(bed, [a, b, observer])
          const backup = await bed.snapshot()
          const scene = await recipe.scene(a.client, b.client)
          const play = new Play(bed, [a, b, observer], scene)
          await weather.run({ bed, recipe, play, a, b, backup })
          await play.end()
        })
      }
    })
  }
})
