/** Findings on the servers of a source, by what they say on their client ports. Neighbours: check-source, server-words. */
import { reasonOf } from '../base/reason-of.ts'
import { standaloneSentence } from './find-members.ts'
import { blocks, type Finding, info, warns } from './finding.ts'
import { shown } from './quorum-config.ts'
import { fourLetterWord, type ServerWords, serverWords, type WordOptions } from './server-words.ts'
import type { HostPort } from './source-feed.ts'
import { versionProblem } from './supported-version.ts'

/** Addresses of clients that are named: of the others the number is, so nobody needs to set it. */
const ADDRESSES_MAX = 10
/** Without a vote of their own. */
const KERBEROS = /kerberos|gssapi/i

interface Asked {
  readonly words: ServerWords
  /** undefined: switched off. */
  readonly cons: string | undefined
  readonly mntr: string | undefined
}

export async function checkServers(
  servers: readonly HostPort[],
  options: WordOptions,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const asked: Asked[] = []
  await Promise.all(
    servers.map(async (address) => {
      try {
        asked.push(await ask(address, options))
      } catch (error) {
        findings.push(warns(`${shown(address)} does not answer: ${reasonOf(error)}`))
      }
    }),
  )
  // In the order in which they were named.
  asked.sort((a, b) => servers.indexOf(a.words.address) - servers.indexOf(b.words.address))
  findings.push(...asked.flatMap(({ words }) => checkServer(words)))
  findings.push(...checkModes(asked))
  findings.push(...checkClients(asked), ...checkLocalSessions(asked))
  return findings
}

async function ask(address: HostPort, options: WordOptions): Promise<Asked> {
  const quietly = (word: string) => fourLetterWord(address, word, options).catch(() => undefined)
  const words = await serverWords(address, options)
  return { words, cons: await quietly('cons'), mntr: await quietly('mntr') }
}

function checkServer(words: ServerWords): Finding[] {
  const { address, mode, version, conf, text } = words
  const where = shown(address)
  const findings: Finding[] = []
  const old = versionProblem(version)
  if (old !== undefined) findings.push(blocks(`${where}: ${old}`))
  if (mode === 'standalone') findings.push(blocks(standaloneSentence(words)))
  else if (mode !== undefined) {
    findings.push(info(`${where} is a ${mode} of ZooKeeper ${version ?? 'of an unknown version'}`))
  } else if (text === '') {
    findings.push(
      warns(`${where} does not answer srvr (4lw.commands.whitelist): its version is unknown`),
    )
  } else findings.push(warns(`${where} serves nobody at present: ${firstLine(text)}`))
  const provider = [...(conf ?? [])].find(([, value]) => KERBEROS.test(value))
  if (provider !== undefined) {
    findings.push(
      warns(`${where} is configured for Kerberos (${provider[0]}), which is not offered`),
    )
  }
  return findings
}

const firstLine = (text: string): string => JSON.stringify(text.split('\n', 1)[0]?.slice(0, 100))

function checkModes(asked: readonly Asked[]): Finding[] {
  const versions = [...new Set(asked.flatMap(({ words }) => words.version ?? []))]
  const findings: Finding[] = []
  if (versions.length > 1) {
    findings.push(warns(`the servers are of several versions: ${versions.sort().join(', ')}`))
  }
  const leader = asked.find(({ words }) => words.mode === 'leader')
  const isAlone = asked.some(({ words }) => words.mode === 'standalone')
  if (leader !== undefined) findings.push(info(`${shown(leader.words.address)} leads`))
  else if (!isAlone && asked.length > 0) {
    findings.push(info('none of the servers that were named says that it leads'))
  }
  return findings
}

function checkClients(asked: readonly Asked[]): Finding[] {
  const silent = asked.filter(({ cons }) => cons === undefined)
  const addresses = asked.flatMap(({ cons }) =>
    [...(cons ?? '').matchAll(/^ ?\/?([^\s[]+?):\d+\[\d+\]\(.*sid=0x(?!0,)/gm)].map(
      ([, address = '']) => address,
    ),
  )
  const hosts = [...new Set(addresses)].sort()
  const more = hosts.length > ADDRESSES_MAX ? `, and ${hosts.length - ADDRESSES_MAX} more` : ''
  const findings: Finding[] = []
  if (hosts.length > 0) {
    findings.push(
      info(
        `${addresses.length} clients are connected, from ${hosts.slice(0, ADDRESSES_MAX).join(', ')}${more}`,
      ),
    )
  }
  if (silent.length > 0) {
    const names = silent.map(({ words }) => shown(words.address)).join(', ')
    findings.push(info(`the clients of ${names} are not known: cons is switched off there`))
  }
  return findings
}

/** Of 3.6 and later. */
function checkLocalSessions(asked: readonly Asked[]): Finding[] {
  const count = asked
    .map(({ mntr }) => Number(/^zk_local_sessions\s+(\d+)/m.exec(mntr ?? '')?.[1] ?? 0))
    .reduce((a, b) => a + b, 0)
  if (count === 0) return []
  return [
    warns(
      `${count} sessions are local (localSessionsEnabled): no other server knows them, and their clients get new sessions`,
    ),
  ]
}
