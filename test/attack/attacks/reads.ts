/** Reads of much: many children, many watches, four-letter words that list them. Neighbours: attack, list. */
import { fourLetterWord } from '../../support/four-letter-word.ts'
import { attacker, type Bed, type Kind, many, n, outcome, times, withParent } from './attack.ts'

const create: Kind = ({ children }) => ({
  name: `${n(children)} creates, 2,000 in flight`,
  keepsServer: true,
  run: (bed) => createChildren(bed),
})

/** Done once on a server. */
async function createChildren({ port, sizes }: Bed): Promise<string> {
  const client = await withParent(port, '/many')
  const { record } = await client.getAllChildrenNumber('/many')
  if (record.count === sizes.children) return 'there already'
  return many(sizes.children, (i) => client.create(`/many/${i}`))
}

const counting: Kind = ({ childCounts, children }) => ({
  name: `${n(childCounts)} × getAllChildrenNumber of ${n(children)}`,
  keepsServer: true,
  async run(bed) {
    await createChildren(bed)
    const client = await attacker(bed.port)
    await bed.begin()
    return outcome(times(childCounts, () => client.getAllChildrenNumber('/many')))
  },
})

const longLists: Kind = ({ childLists, children }) => ({
  name: `${n(childLists)} lists of ${n(children)} children`,
  async run(bed) {
    await createChildren(bed)
    const client = await attacker(bed.port)
    await bed.begin()
    return outcome(times(childLists, () => client.getChildren2('/many')))
  },
})

async function askAll(port: number, words: readonly string[]): Promise<string> {
  const asked = words.map((word) => fourLetterWord({ host: '127.0.0.1', port }, word))
  const answers = await Promise.allSettled(asked)
  const got = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const bytes = got.reduce((sum, { length }) => sum + length, 0)
  return `${n(got.length)} answers, ${n(Math.round(bytes / 1024))} KiB`
}

const watchLists: Kind = ({ watchLists: lists, watches }) => ({
  name: `${n(lists)} × wchp of ${n(watches)} watches`,
  off: 'wchp is off by default in both',
  async run({ port, begin }) {
    const client = await attacker(port)
    await many(watches, (i) => client.exists(`/watched/${i}`, true))
    await begin()
    const answer = await askAll(
      port,
      times(lists, () => 'wchp'),
    )
    client.destroy()
    return answer
  },
})

const words: Kind = ({ watches }) => ({
  name: `70 four-letter words, ${n(watches / 2)} watches`,
  off: 'dump, wchc and wchp are off by default in both, the others in ZooKeeper',
  async run({ port, begin }) {
    const client = await attacker(port)
    await many(watches / 2, (i) => client.exists(`/watched/${i}`, true))
    await begin()
    const all = ['wchp', 'wchc', 'wchs', 'dump', 'cons', 'stat', 'mntr']
    const answer = await askAll(
      port,
      all.flatMap((word) => times(10, () => word)),
    )
    client.destroy()
    return answer
  },
})

const setWatches: Kind = (sizes) => ({
  name: `setWatches of ${n(sizes.setWatches)}, four times`,
  async run({ port }) {
    const client = await attacker(port)
    const exist = times(sizes.setWatches, (i) => `/watched/again/${i}`)
    return outcome(
      times(4, () => client.setWatches({ relativeZxid: 0, data: [], exist, child: [] })),
    )
  },
})

export const READS: readonly Kind[] = [create, counting, longLists, watchLists, words, setWatches]
