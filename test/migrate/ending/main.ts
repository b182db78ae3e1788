/**
 * `npm run test:take-over-hunt -- [--stores etcd,file] [--only kill|stop] [--from 30]`: a take-over is killed at each of its operations, before and
 * after it; and etcd is stopped, or killed, right before each of them, or each from one on.
 */
import { parseArgs } from 'node:util'
import { stayAlive } from '../../../cli/stay-alive.ts'
import { startEtcd } from '../../support/etcd-server.ts'
import { etcdProgram } from '../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { killRound } from './kill-round.ts'
import { stopHunt } from './stop-hunt.ts'

const { values } = parseArgs({
  options: {
    stores: { type: 'string', default: 'etcd,file' },
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
})
if (values.only !== undefined && !['kill', 'stop'].includes(values.only)) {
  throw new Error('--only is kill or stop')
}
// The library's own timers keep no process alive.
const release = stayAlive()
let problems = 0
for (const name of values.stores.split(',')) {
  if (name !== 'etcd' && name !== 'file') throw new Error('--stores are etcd and file')
  const etcd = name === 'etcd' ? await startEtcd({ binary: etcdProgram() }) : undefined
  const folder = temporaryFolder('take-over')
  const url = etcd === undefined ? `file:${folder}` : `etcd://${etcd.host}`
  try {
    if (etcd !== undefined && values.only !== 'kill')
      problems += await stopHunt(etcd, Number(values.from))
    if (values.only === 'stop') continue
    for (const how of ['before', 'after'] as const) {
      for (let at = 0; ; at++) {
        const round = await killRound(url, `/${how}-${at}`, at, how)
        problems += round.problems.length
        if (!round.wasKilled) break
        console.log(
          `${name}: killed ${how} operation ${at}: status ${round.phase}, record ${round.recorded}, then ` +
            `${round.wasTaken ? 'it was taken over' : 'it is taken over'}; problems: ${round.problems.join(', ') || 'none'}`,
        )
      }
    }
  } finally {
    await etcd?.stop()
    removeFolder(folder)
  }
}
release()
if (problems > 0) process.exitCode = 1
