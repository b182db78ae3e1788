/** Settings: the log of what clients change. */
import type { AuditFormat } from '../../../proxy/index.ts'
import { switchOf } from '../make.ts'
import { anyText, oneOf, whole } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

export const audit = switchOf('audit', 'write a line for each change that a client requests', {
  zookeeper: ['audit.enable'],
})

export const auditFile: Setting<string> = {
  name: 'audit-file',
  value: '<file>',
  text: 'append the lines of the audit log to this file, - for standard output',
  parse: anyText,
  default: 'anykeeper-audit.log',
}

export const auditFormat: Setting<AuditFormat> = {
  name: 'audit-format',
  value: '<format>',
  text: 'zookeeper: lines as ZooKeeper writes them; json: an object a line',
  ...oneOf('zookeeper', 'json'),
  default: 'zookeeper',
}

export const maxAuditBufferBytes: Setting<number> = {
  name: 'max-audit-buffer-bytes',
  value: '<n>',
  text: 'lines of the audit log that wait to be written: further ones are dropped',
  parse: whole(65_536),
  default: 8 * 1024 * 1024,
}

export const maxAuditValue: Setting<number> = {
  name: 'max-audit-value',
  value: '<n>',
  text: 'longest value of a field of the audit log, in characters: of a longer one its begin is written',
  parse: whole(64, 1_048_576),
  default: 16_384,
}

export const auditGroup: Group = {
  title: 'Audit',
  settings: [audit, auditFile, auditFormat, maxAuditBufferBytes, maxAuditValue],
}
