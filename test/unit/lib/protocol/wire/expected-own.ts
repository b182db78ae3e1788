/** What the two captures of expected.test.ts have of their own: times, session ids, zxids of events. */

import type { CapturedVersion } from '../../../../support/fixtures.ts'

export interface Own {
  /** Session id of java-create, and of java-read and so on: they count up. */
  readonly session: bigint
  readonly createMs: { two: number; container: number; ttl: number }
  readonly readMs: number
  readonly writeMs: readonly [created: number, set: number, setAgain: number]
  readonly childrenMs: number
  readonly multiMs: number
  readonly watchesMs: readonly [created: number, set: number]
  readonly reconfigMs: number
  /** Of the ensemble of one. */
  readonly members: string
  readonly password: string
  /** Of an event that another's create caused, and of one that setWatches caused. */
  readonly eventZxids: readonly [created: number, missed: number]
}

export const OWN: Record<CapturedVersion, Own> = {
  '3.8.0': {
    session: 0x100002a574b0000n,
    createMs: { two: 1795944343177, container: 1795944343240, ttl: 1795944343291 },
    readMs: 1795944343684,
    writeMs: [1795944344560, 1795944344599, 1795944344624],
    childrenMs: 1795944345052,
    multiMs: 1795944345706,
    watchesMs: [1795944346382, 1795944346518],
    reconfigMs: 1795944415184,
    members: '127.0.0.1:28427:31784',
    password: '70257589d82fc5f84d2ab9707c4cd4ea',
    eventZxids: [-1, -1],
  },
  '3.9.5': {
    session: 0x100002863ea0000n,
    createMs: { two: 1795944202576, container: 1795944202580, ttl: 1795944202595 },
    readMs: 1795944202776,
    writeMs: [1795944203076, 1795944203085, 1795944203093],
    childrenMs: 1795944203278,
    multiMs: 1795944203472,
    watchesMs: [1795944203648, 1795944203663],
    reconfigMs: 1795944251762,
    members: '127.0.0.1:30609:24248',
    password: 'bd4bdd8fa1ac825ae2e1cfa3ed54cc87',
    eventZxids: [40, -1],
  },
}
