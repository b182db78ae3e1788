/** The recipes of the table of recipes and faults, each as a scene of two. */
import { type KeeperClient, Mutex } from '../../lib/index.ts'
import { type Recipe, ROOM } from './recipe-play.ts'

const PATH = `${ROOM}/line`

const mutexes = (['curator', 'kazoo'] as const).map(
  (layout): Recipe => ({
    name: `Mutex, layout ${layout}`,
    isHeld: true,
    writes: 1,
    async scene(a: KeeperClient, b: KeeperClient) {
      const held = await new Mutex(a, PATH, { layout }).acquire()
      return {
        held,
        wait: (options) => new Mutex(b, PATH, { layout }).acquire(options),
        letIn: () => held.release(),
      }
    },
  }),
)

const entered: Recipe = {
  name: 'Mutex, entered twice',
  isHeld: true,
  writes: 1,
  async scene(a, b) {
    const mutex = new Mutex(a, PATH)
    const held = await mutex.acquire()
    const again = await mutex.acquire({ within: held })
    return {
      held,
      wait: (options) => new Mutex(b, PATH).acquire(options),
      letIn: async () => Promise.all([held.release(), again.release()]),
    }
  },
}

export const recipes: readonly Recipe[] = [...mutexes, entered]
