/** Is what a client was answered what the model says? Each returns what is wrong, or undefined. */
import type { RawRecord, RawStat } from '../../support/raw-codec.ts'
import type { Asked, Reply } from '../client/history.ts'
import { ERRNO as MODEL_ERRNO, type Model, type ModelNode, type Planned } from './model.ts'

export function statProblem(stat: RawStat | undefined, node: ModelNode): string | undefined {
  if (stat === undefined) return 'no stat'
  const cversion = (node.creates * 2 - node.children.size) | 0
  const expected: [string, unknown, unknown][] = [
    ['czxid', stat.czxid, node.czxid],
    ['mzxid', stat.mzxid, node.mzxid],
    ['pzxid', stat.pzxid, node.pzxid],
    ['version', stat.version, node.version],
    ['cversion', stat.cversion, cversion],
    ['ephemeralOwner', stat.ephemeralOwner, node.owner],
    ['numChildren', stat.numChildren, node.children.size],
    ['dataLength', stat.dataLength, node.data.length],
  ]
  for (const [field, is, should] of expected) {
    if (is !== should) return `${field} ${String(is)} instead of ${String(should)}`
  }
  return undefined
}

/** Of a write whose effects the model has applied. */
export function writeProblem(model: Model, planned: Planned, reply: Reply): string | undefined {
  if (reply.err !== planned.err) return `error ${reply.err} instead of ${planned.err}`
  if (reply.err !== 0) return undefined
  const { results } = reply.record
  const isMulti = results !== undefined
  if (isMulti && results.length !== planned.answers.length) {
    return `${results.length} results for ${planned.answers.length} operations`
  }
  for (const [i, answer] of planned.answers.entries()) {
    const result = results?.[i]
    const record: RawRecord = result?.record ?? reply.record
    if (isMulti) {
      // A failed multi answers with an error record each, code 0 before the one that failed.
      const err = result?.type === -1 ? (record.errno ?? 0) : 0
      if (err !== answer.err) return `operation ${i}: error ${err} instead of ${answer.err}`
      if (result?.type === -1) continue
    }
    if (answer.path !== undefined && record.path !== answer.path) {
      return `path ${record.path} instead of ${answer.path}`
    }
    const node = answer.about === undefined ? undefined : model.nodes.get(answer.about)
    // A later operation of the same multi may have changed it again.
    if (node === undefined || isMulti || record.stat === undefined) continue
    const problem = statProblem(record.stat, node)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Of a read, on the state that its zxid names. */
export function readProblem(model: Model, { request, reply }: Asked): string | undefined {
  if (reply === undefined) return undefined
  const { err, record } = reply
  switch (request.type) {
    case 'get':
    case 'exists':
    case 'children': {
      const node = model.nodes.get(request.path)
      if (node === undefined) {
        return err === MODEL_ERRNO.noNode ? undefined : `found, error ${err}, but it is not there`
      }
      if (err !== 0) return `error ${err}, but it is there`
      if (request.type === 'get' && record.data?.toString() !== node.data) {
        return `data ${record.data?.toString()} instead of ${node.data}`
      }
      if (request.type === 'children') {
        const is = [...(record.children ?? [])].sort().join()
        const should = [...node.children].sort().join()
        if (is !== should) return `children ${is} instead of ${should}`
      }
      return statProblem(record.stat, node)
    }
    case 'multiRead': {
      for (const [i, path] of request.paths.entries()) {
        const node = model.nodes.get(path)
        const result = record.results?.[i]
        if (node === undefined) continue
        const is = result?.record.data?.toString()
        if (is !== node.data) return `${path}: data ${is} instead of ${node.data}`
      }
      return undefined
    }
    default:
      return undefined
  }
}
