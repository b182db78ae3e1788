/** All verbs, those of the process and those of the shell. Neighbours: one-shot, ../shell. */
import { doctorVerbs } from '../doctor/tree.ts'
import { sessions } from '../ensemble/sessions.ts'
import { status } from '../ensemble/status.ts'
import { bench } from '../load/bench.ts'
import type { Verb } from './verb.ts'
import { copyingVerbs } from './verbs/copying.ts'
import { listingVerbs } from './verbs/listing.ts'
import { multiVerbs } from './verbs/multi.ts'
import { quotaVerbs } from './verbs/quotas.ts'
import { readingVerbs } from './verbs/reading.ts'
import { removingVerbs } from './verbs/removing.ts'
import { rightsVerbs } from './verbs/rights.ts'
import { servingVerbs } from './verbs/serving.ts'
import { watchingVerbs } from './verbs/watching.ts'
import { writingVerbs } from './verbs/writing.ts'

const all: readonly Verb[] = [
  ...readingVerbs,
  ...listingVerbs,
  ...writingVerbs,
  ...removingVerbs,
  ...multiVerbs,
  ...copyingVerbs,
  ...watchingVerbs,
  ...rightsVerbs,
  ...quotaVerbs,
  ...servingVerbs,
  sessions,
  status,
  ...doctorVerbs,
  bench,
]

export const shellVerbs: readonly Verb[] = all.filter(({ only }) => only !== 'process')

/** doctor has commands of its own: see ../doctor/doctor. */
export const processVerbs: readonly Verb[] = all.filter(
  ({ only, name }) => only !== 'shell' && name !== 'doctor',
)
