/**
 * Words that must not come back, and what to write instead. The same table, for people, is the section
 * "Words" of CONTRIBUTING.md; tests hold the two together.
 */

export interface WordRule {
  /** Never with the flag g: a rule is asked line by line. */
  readonly pattern: RegExp
  readonly write: string
  readonly why: string
}

const translated = 'reads as if translated'
const searched = 'operators search for the field’s word and do not find this one'
const shortened = 'a name says what it holds'

export const wordRules: readonly WordRule[] = [
  { pattern: /\banew\b/i, write: 'again, or re- before the verb', why: translated },
  {
    pattern: /\b(?:tell|tells|told|telling)\b/i,
    write: 'reports, notifies, detects',
    why: translated,
  },
  {
    pattern: /\b(?:is|are|was|were|be|been|being|is not|are not) asked\b|\basked again\b/i,
    write: 'requested, queried, retried',
    why: translated,
  },
  { pattern: /\bat once\b/i, write: 'immediately; together, concurrently', why: translated },
  {
    pattern: /\b(?:go|goes|going|went|gone) on\b/i,
    write: 'continues, resumes',
    why: searched,
  },
  { pattern: /\b(?:take|takes|taken|taking|took) up\b/i, write: 'resumed', why: searched },
  { pattern: /\blife signs?\b|[sS]ignMs\b/, write: 'heartbeat, #lastHeartbeatMs', why: searched },
  { pattern: /\bhears?\b|\bheard|\bheardMs\b/i, write: 'receives; lastSeenMs', why: translated },
  {
    pattern:
      /\b(?:cut|cuts|cutting) (?:a |all |its |the |their |every |your )?(?:clients?|connections?|brokers?)\b|\b(?:clients?|connections?|brokers?) (?:is|are|was|were|be|gets?|being) cut\b/i,
    write: 'disconnects, disconnected',
    why: searched,
  },
  {
    pattern: /\bon (?:its|their|the) way\b|\bunder way\b/i,
    write: 'in flight, in progress',
    why: searched,
  },
  {
    pattern: /\b(?:not |never |has |have |had )got there\b/i,
    write: 'starved',
    why: searched,
  },
  {
    pattern: /\bas much again\b/i,
    write: 'once another 256 MiB has accumulated',
    why: translated,
  },
  { pattern: /\bsticks? at\b/i, write: 'saturates at', why: searched },
  { pattern: /\bwhere everything lies\b/i, write: 'key prefix in the store', why: searched },
  { pattern: /\bis let (?!go\b)\w+/i, write: 'say who does it: growth is tuned', why: translated },
  {
    pattern:
      /\b(?:clients?|sessions?|proxy|proxies|watchers?|members?|servers?|processes|those|ones|everybody|everyone) who\b/i,
    write: 'that',
    why: 'machines are no persons',
  },
  { pattern: /\bLimits, honestly\b/i, write: 'Limitations', why: searched },
  { pattern: /^#+ What is not\b/, write: 'Not compared, Not supported', why: searched },
  { pattern: /\bBehind it (?:are|is)\b/, write: 'Slower than ZooKeeper: …', why: translated },
  { pattern: /\bAttended(?:Session)?\b/, write: 'OwnedSession', why: searched },
  { pattern: /#o\b/, write: '#options', why: shortened },
  { pattern: /\bwhat (?:waits|wait)\b/i, write: 'pending requests', why: translated },
]

/** Places that are still to be gone through; it ends empty. */
const notYet: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/',
  'bench/',
  'examples/',
  'scripts/',
  'lib/',
  'proxy/',
  'cli/',
  'cli.ts',
]

const checkedText = /\.(?:ts|mjs|md)$/
const start = '<!-- words: the table -->'
const end = '<!-- /words -->'

/** One line for each word; the table in CONTRIBUTING.md itself is left out. Tests may say what they like. */
export function wordViolations(path: string, text: string): string[] {
  if (!checkedText.test(path) || path.startsWith('test/')) return []
  if (notYet.some((place) => path.startsWith(place))) return []
  return findWords(text)
}

export function findWords(text: string): string[] {
  let isTable = false
  return text.split('\n').flatMap((line, index) => {
    if (line.includes(start)) isTable = true
    if (line.includes(end)) isTable = false
    if (isTable) return []
    return wordRules.flatMap(({ pattern, write, why }) => {
      const found = pattern.exec(line)
      return found === null ? [] : [`line ${index + 1}: "${found[0]}": write: ${write} (${why})`]
    })
  })
}
