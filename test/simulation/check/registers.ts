/** The registers of a run, for porcupine: writes, compare-and-sets, and reads right behind a sync. */
import type { RegisterOp } from '../../linearizability/registers.ts'
import type { Asked, History } from '../client/history.ts'
import { REGISTERS } from '../client/workload.ts'
import { ERRNO } from './model.ts'

const toMicros = (ms: number): number => Math.round(ms * 1_000)

export function registerOps(history: History): RegisterOp[] {
  const clients = new Map<string, number>()
  const idOf = (client: string): number => {
    const known = clients.get(client)
    if (known !== undefined) return known
    clients.set(client, clients.size)
    return clients.size - 1
  }
  return history.asked.flatMap((asked) => {
    const client = idOf(asked.client)
    return opsOf(asked).map((op): RegisterOp => ({ client, ...op }))
  })
}

function opsOf(asked: Asked): Omit<RegisterOp, 'client'>[] {
  const { request, reply, callMs } = asked
  const call = toMicros(callMs)
  const times = { call, ...(reply === undefined ? {} : { return: toMicros(reply.atMs) }) }
  switch (request.type) {
    case 'create':
      if (!isRegister(request.path) || reply?.err !== 0) return []
      return [
        { key: request.path, op: 'init', value: request.data, version: 0, ok: true, ...times },
      ]
    case 'get': {
      const { behindSync } = asked
      if (!isRegister(request.path) || reply?.err !== 0 || behindSync?.reply?.err !== 0) return []
      const value = reply.record.data?.toString() ?? ''
      const version = reply.record.stat?.version ?? 0
      return [
        {
          key: request.path,
          op: 'read',
          value,
          version,
          ok: true,
          ...times,
          call: toMicros(behindSync.callMs),
        },
      ]
    }
    case 'set': {
      if (!isRegister(request.path)) return []
      const isRefused = reply?.err === ERRNO.badVersion
      if (reply !== undefined && reply.err !== 0 && !isRefused) return []
      const version = reply?.record.stat?.version
      return [
        {
          key: request.path,
          value: request.data,
          op: request.version === -1 ? 'write' : 'cas',
          ...(request.version === -1 ? {} : { expected: request.version }),
          ...(version === undefined ? {} : { version }),
          ok: !isRefused,
          ...times,
        },
      ]
    }
    case 'multi': {
      const results = reply?.record.results
      if (results?.some(({ type }) => type === -1) || (reply !== undefined && reply.err !== 0)) {
        return []
      }
      return request.ops.flatMap((op, i): Omit<RegisterOp, 'client'>[] => {
        if (op.type !== 'set' || !isRegister(op.path)) return []
        const version = results?.[i]?.record.stat?.version
        const told = version === undefined ? {} : { version }
        return [{ key: op.path, op: 'write', value: op.data, ...told, ok: true, ...times }]
      })
    }
    default:
      return []
  }
}

function isRegister(path: string): boolean {
  return (REGISTERS as readonly string[]).includes(path)
}
