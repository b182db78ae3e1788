/**
 * What one client without any rights can do to all others. Each is bounded, and each stands for a kind. What the
 * attacker itself gets is reported, but not judged: an answer, an error or a closed connection. Neighbours: one
 * file a kind; attack-run does them.
 */
import { ACLS } from './acls.ts'
import type { Attack, Kind } from './attack.ts'
import { CONNECTIONS } from './connections.ts'
import { READS } from './reads.ts'
import type { Sizes } from './sizes.ts'
import { WRITES } from './writes.ts'

/** No attack: what the machine itself adds. */
const calm: Kind = ({ calmMs }) => ({
  name: 'calm',
  async run() {
    await new Promise((resolve) => setTimeout(resolve, calmMs))
    return 'no attack'
  },
})

export const attacksOf = (sizes: Sizes): readonly Attack[] =>
  [calm, ...WRITES, ...ACLS, ...READS, ...CONNECTIONS].map((kind) => kind(sizes))
