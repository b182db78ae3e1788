/** The settings of serving while an ensemble leads: five of them set all the bounds of its connections. */
import { expect } from 'chai'
import { fromText } from '../../../../cli/settings/from-file.ts'
import { ensembleAccess } from '../../../../cli/settings/groups/migration.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'
import { PROBE_BOUNDS } from '../../../../lib/migrate/probe.ts'
import { SOURCE_BOUNDS, sourceBounds } from '../../../../lib/migrate/source-bounds.ts'

/** What a proxy does not do: it takes no tree, and keeps nothing that waits. */
const OF_FOLLOWERS = [
  ...(['bufferBytesMax', 'proveMs', 'backoffMsMax', 'unansweredMax', 'roundsMax'] as const),
  // In numbers of pings: it fits every rate.
  'pingsMissingMax',
]

describe('cli/settings: migration', () => {
  const given = (values: Readonly<Record<string, string>>) => {
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`)
    const { values: all, problems } = resolve(GROUPS, [fromText(GROUPS, 'f', lines.join(''))])
    expect(problems).to.deep.equal([])
    return ensembleAccess(all.get)
  }

  it('unless given, the bounds of a connection are those of a follower', () => {
    const { bounds, lookMs } = given({})
    expect(sourceBounds(bounds ?? {})).to.deep.equal(SOURCE_BOUNDS)
    expect(lookMs).to.equal(PROBE_BOUNDS.lookMs)
    const names = Object.keys(SOURCE_BOUNDS).filter((name) => !OF_FOLLOWERS.includes(name as never))
    expect(Object.keys(bounds ?? {})).to.have.members(names)
  })

  it('one that is given takes those with it that are in proportion', () => {
    const { bounds, lookMs } = given({
      ...{ 'source-connect-timeout': '7000', 'source-handshake-timeout': '40000' },
      ...{ 'source-sync-timeout': '900000', 'source-silence-timeout': '41' },
      ...{ 'max-source-packet-bytes': '5000', 'source-look-timeout': '300' },
    })
    expect(bounds).to.deep.equal({
      ...{ connectMs: 7_000, configMs: 14_000, handshakeMs: 40_000, syncMs: 900_000 },
      ...{ silenceMs: 41, silenceMsMin: 10 },
      ...{ packetBytesMax: 5_000, proposedBytesMax: 5_000, answerBytesMax: 5_000 },
    })
    expect(lookMs).to.equal(300)
  })
})
