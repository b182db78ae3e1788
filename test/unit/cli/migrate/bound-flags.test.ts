/** The flags of the bounds of the commands of a migration: each command has its own, and passes on what it is given. */
import { expect } from 'chai'
import { Command } from 'commander'
import {
  type BoundFlags,
  mirrorBoundsOf,
  quietBoundOf,
  shownBounds,
  sourceBoundsOf,
  storeBoundOf,
  takeOverBoundsOf,
  withBoundFlags,
} from '../../../../cli/migrate/bound-flags.ts'
import { migrateCommand } from '../../../../cli/migrate/command.ts'
import { MIRROR_BOUNDS } from '../../../../lib/migrate/mirror-bounds.ts'
import { SOURCE_BOUNDS } from '../../../../lib/migrate/source-bounds.ts'
import { STORED_TREE_DEFAULT } from '../../../../lib/migrate/stored-tree.ts'
import { TAKE_OVER_DEFAULT } from '../../../../lib/migrate/take-over.ts'

function parsed(name: string, ...args: string[]): BoundFlags {
  const command = withBoundFlags(new Command(name)).exitOverride()
  return command.parse(args, { from: 'user' }).opts<BoundFlags>()
}

/** What the flags of these commands set. */
const BOUNDS = [
  [['follow', 'check', 'verify'], sourceBoundsOf, SOURCE_BOUNDS],
  [['follow'], mirrorBoundsOf, MIRROR_BOUNDS],
  [['take-over'], takeOverBoundsOf, TAKE_OVER_DEFAULT],
  [['verify'], quietBoundOf, STORED_TREE_DEFAULT],
  [['status', 'take-over', 'finish', 'abandon'], storeBoundOf, { storeMs: MIRROR_BOUNDS.storeMs }],
] as const

describe('cli/migrate: the flags of bounds', () => {
  it('the page names the commands that have each', () => {
    const commands = new Map(migrateCommand().commands.map((each) => [each.name(), each]))
    for (const { flag, commands: names, default: value } of shownBounds()) {
      for (const [name, command] of commands) {
        const option = command.options.find(({ long }) => long === `--${flag}`)
        const isOnPage = shownBounds().some(
          (row) => row.flag === flag && row.commands.includes(name),
        )
        expect(option !== undefined, `${name} --${flag}`).to.equal(isOnPage)
        if (names.includes(name)) expect(option?.defaultValue, `${name} --${flag}`).to.equal(value)
      }
    }
  })

  for (const [commands, boundsOf, defaults] of BOUNDS) {
    for (const name of commands) {
      it(`${name}: every one of ${Object.keys(defaults).length} arrives, or its default`, () => {
        const { timeoutMs: _, ...rest } = defaults as Record<string, number>
        expect(boundsOf(parsed(name))).to.deep.equal(rest)
        const flags = shownBounds().filter((row) => row.commands.includes(name))
        const args = flags.flatMap(({ flag }, i) => [`--${flag}`, String(10_000 + i)])
        const values = Object.values(boundsOf(parsed(name, ...args)) as object)
        expect(values).to.have.length(Object.keys(rest).length)
        for (const value of values) expect(value).to.be.within(10_000, 10_000 + flags.length)
        expect(new Set(values).size).to.equal(values.length)
      })
    }
  }
})
