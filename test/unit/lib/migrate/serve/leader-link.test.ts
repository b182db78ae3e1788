/** Which server id is claimed: never that of a member, which the leader would count us as, from the first packet on. */

import { EventEmitter, once } from 'node:events'
import { expect } from 'chai'
import { systemClock } from '../../../../../lib/base/clock.ts'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { hostPortOf } from '../../../../../lib/migrate/host-port.ts'
import { openSourceFeed } from '../../../../../lib/migrate/open-source-feed.ts'
import { LeaderLink } from '../../../../../lib/migrate/serve/leader-link.ts'
import { PlayedWords } from '../played-words.ts'
import { PlayedLeader } from './played-leader.ts'

const MEMBER = 200
/** Draws it, where nothing is known of the members. */
const FRACTION = (MEMBER - 129 + 0.5) / 125

describe('LeaderLink', () => {
  let member: PlayedWords
  let leader: PlayedLeader
  beforeEach(async () => {
    member = await PlayedWords.start(`serverId=${MEMBER}\n`)
    leader = await PlayedLeader.start(() => 1)
  })
  afterEach(async () => {
    leader.stop()
    await member.stop()
  })

  const ensemble = () => ({
    servers: [member.address],
    quorum: [hostPortOf(leader.address)],
  })

  it('claims another id than that which a server says is its own, as a 3.4 without a list of members', async () => {
    const ready = new EventEmitter()
    const isReady = once(ready, 'ready')
    const link = new LeaderLink({
      ...{ members: ensemble, zxid: () => 1, clock: systemClock, logger: silentLogger },
      random: { bytes: (count) => new Uint8Array(count), fraction: () => FRACTION },
      ...{ touches: () => Buffer.alloc(0), onReady: () => ready.emit('ready'), onLost: () => {} },
      ...{ onTxn: () => {}, onPacket: () => {} },
    })
    expect(link.sid).to.equal(MEMBER)
    link.start()
    await isReady
    await link.close()
    expect(leader.sids).to.deep.equal([MEMBER - 1])
  })

  it('so does a follower, which has one id: it refuses before it joins', async () => {
    const options = { from: 0, sid: MEMBER, logger: silentLogger }
    const feed = openSourceFeed({ ...ensemble(), ...options })
    const error = await feed[Symbol.asyncIterator]()
      .next()
      .catch((reason: Error) => reason)
    expect(error).to.have.property('message').that.includes('200 is the id of a member')
    expect(leader.sids).to.deep.equal([])
  })
})
