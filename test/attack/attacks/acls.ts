/** Identities and ACLs. Neighbours: attack, list. */
import { attacker, type Kind, n, outcome, times } from './attack.ts'

/** 1,000 identities are what anykeeper lets one connection have, unless configured. */
const identities =
  (count: number): Kind =>
  () => ({
    name: `${n(count)} identities, then 20,000 ACL entries of scheme auth`,
    async run({ port }) {
      const client = await attacker(port)
      const proven = outcome(times(count, (i) => client.auth('digest', `user${i}:password`)))
      const acl = times(20_000, (i) => ({ perms: 31, scheme: 'auth', id: `${i}` }))
      const created = outcome([client.create(`/auths${count}`, { acl })])
      return `auth: ${await proven}; create: ${await created}`
    },
  })

const authFlood: Kind = ({ authPackets }) => ({
  name: `${n(authPackets)} auth packets`,
  async run({ port }) {
    const client = await attacker(port)
    return outcome(times(authPackets, (i) => client.auth('digest', `user${i}:x`)))
  },
})

const longIds: Kind = () => ({
  name: 'ACL ids of 200,000 colons',
  async run({ port }) {
    const client = await attacker(port)
    const ids = [':'.repeat(200_000), `${':'.repeat(200_000)}x`, `a:b${':'.repeat(200_000)}c`]
    return outcome(
      ids.map((id, i) => client.create(`/id${i}`, { acl: [{ perms: 31, scheme: 'digest', id }] })),
    )
  },
})

const longAcl: Kind = ({ aclReads }) => ({
  name: `${n(aclReads)} × getData under 15,001 ip entries`,
  async run({ port, begin }) {
    const client = await attacker(port)
    const acl = times(15_000, (i) => ({
      perms: 31,
      scheme: 'ip',
      id: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    }))
    acl.push({ perms: 31, scheme: 'ip', id: '127.0.0.1' })
    const created = await outcome([client.create('/acl', { acl })])
    await begin()
    const read = await outcome(times(aclReads, () => client.getData('/acl')))
    return `create: ${created}; read: ${read}`
  },
})

export const ACLS: readonly Kind[] = [
  identities(900),
  identities(3_000),
  authFlood,
  longIds,
  longAcl,
]
