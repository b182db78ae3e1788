/**
 * `npm run test:nodes [-- --node 20.19,22,24 --only unit,wire,stores]`: these groups whole on each
 * release line of Node, one after the other. The packed package on all of them is part of `npm test`.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureNode } from './lib/ensure-node.mjs'
import { say } from './lib/log.mjs'
import { root, runShown } from './lib/run.mjs'
import { versions } from './lib/versions.mjs'

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: Object.keys(versions.node).join(',') },
    only: { type: 'string', default: 'unit,wire,stores' },
  },
})

for (const line of values.node.split(',')) {
  if (!Object.hasOwn(versions.node, line)) throw new Error(`no Node ${line} in versions.json`)
  const { path, problem } = await ensureNode(line)
  if (path === undefined) throw new Error(problem)
  say(`${values.only} on Node ${versions.node[line]}`)
  const status = await runShown(path, [join('scripts', 'test.mjs'), '--only', values.only], {
    cwd: root,
  })
  if (status !== 0) process.exitCode = 1
}
