/**
 * GET and PUT of /api/v1/data: the data of a znode as bytes, of any size that a client could write. It is never shown as what it may
 * look like: a browser saves it. Neighbours: tree-route (a part of it as JSON), edit-session.
 */
import { fromByteString, toByteString } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { dataBytesMax } from './data-bytes.ts'
import { numbersOf, versionOf } from './edit-fields.ts'
import { changeMeant } from './edit-session.ts'
import { onlyKnown, pathOf } from './parameters.ts'
import { znodeOf } from './tree-route.ts'

/** With the numbers that guard a change of it in headers. */
export function answerData(host: ProxyHost, call: Call): void {
  onlyKnown(call.query, ['path'])
  const { data, version, czxid, mzxid } = znodeOf(
    host.keeper.replica.tree,
    pathOf(call.query, 'path'),
  )
  if (data === null) throw new HttpError(404, 'This znode has no data (null).')
  call.send(200, 'application/octet-stream', fromByteString(data), {
    'content-disposition': 'attachment; filename="data.bin"',
    'accept-ranges': 'none',
    'x-znode-version': String(version),
    'x-znode-czxid': String(czxid),
    'x-znode-mzxid': String(mzxid),
  })
}

/** ?version, czxid; the body is the data. */
export async function putData(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'version', 'czxid'])
  const path = pathOf(query, 'path')
  const fields = numbersOf(query, ['version', 'czxid'])
  const version = versionOf(fields, 'version')
  const bytesMax = dataBytesMax(host, path)
  const data = toByteString(await call.bytes(bytesMax))
  const request = { type: 'setData', path, data, version } as const
  const zxid = await changeMeant(host, call, { path, fields, request })
  call.json(200, { path, zxid, dataLength: data.length })
}
