/** One line of the audit log, in either format. Sources: AuditEvent, Slf4jAuditLogger. Neighbour: audit-trail. */

/** Fields in ZooKeeper's order; those without a value are left out. */
export interface AuditEvent {
  /** 0x and hexadecimal digits. */
  readonly session?: string | undefined
  /** Comma-separated: all that the client has proven. */
  readonly user?: string | undefined
  readonly ip?: string | undefined
  readonly operation: string
  readonly znode?: string | undefined
  readonly znodeType?: string | undefined
  readonly acl?: string | undefined
  /** invoked: what came of it is not known. */
  readonly result: 'success' | 'failure' | 'invoked'
}

/** zookeeper: as its logback.xml has them. json: an object a line. */
export type AuditFormat = 'zookeeper' | 'json'

const LOGGER = 'o.a.z.a.Slf4jAuditLogger'

/** What would begin another line or field, here or in whatever shows the file: control and format characters. */
const UNSAFE = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
const SHORT = new Map([
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
])

const escaped = (char: string): string =>
  SHORT.get(char) ??
  [...Array(char.length).keys()]
    .map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('')

/** Cannot end the field that it stands in. */
function safe(value: string): string {
  return value.replace(UNSAFE, escaped)
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** As logback's %d{ISO8601}: local time. */
function timeOf(date: Date): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  return `${day} ${time},${pad(date.getMilliseconds(), 3)}`
}

/** Names as on ZooKeeper's lines. */
function fieldsOf(event: AuditEvent): [name: string, value: string][] {
  const { session, user, ip, operation, znode, znodeType, acl, result } = event
  const fields = { session, user, ip, operation, znode, znode_type: znodeType, acl, result }
  return Object.entries(fields).filter((field): field is [string, string] => {
    return field[1] !== undefined
  })
}

/** @param charsMax of a value: the rest is left out, and its length said */
export function auditLine(
  event: AuditEvent,
  format: AuditFormat,
  date: Date,
  charsMax: number,
): string {
  const fields = fieldsOf(event).map(([name, value]): [string, string] => [
    name,
    value.length > charsMax ? `${value.slice(0, charsMax)}…(${value.length} characters)` : value,
  ])
  if (format === 'json') {
    return `${JSON.stringify({ time: date.toISOString(), ...Object.fromEntries(fields) })}\n`
  }
  const level = event.result === 'failure' ? 'ERROR' : 'INFO'
  const text = fields.map(([name, value]) => `${name}=${safe(value)}`).join('\t')
  return `${timeOf(date)} ${level} ${LOGGER}: ${text}\n`
}
