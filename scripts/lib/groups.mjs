/** The one table of what `npm test` runs, in this order, and what each part needs. */

/**
 * @typedef {object} Group
 * @property {string} name of `npm test -- --only NAME`
 * @property {string[]} paths files and folders (ending in /) of its *.test.ts; the longest match wins
 * @property {Requirement[]} needs prepared before; the names are those of test/support/requirements.ts
 * @property {number} minutesMax after that the group is ended and has failed
 */

/** @type {Group[]} */
export const groups = [
  {
    name: 'unit',
    paths: ['test/tidy.test.ts', 'test/unit/', 'test/keeper/', 'test/support/'],
    needs: [],
    minutesMax: 3,
  },
  {
    name: 'simulation',
    paths: ['test/simulation/'],
    needs: ['porcupine'],
    minutesMax: 5,
  },
  {
    name: 'stores',
    paths: ['test/adapters/'],
    needs: ['etcd', 'etcd-3.4', 'redis'],
    minutesMax: 8,
  },
  {
    name: 'kill',
    paths: ['test/kill/'],
    needs: ['redis'],
    minutesMax: 5,
  },
  {
    name: 'wire',
    paths: ['test/wire/'],
    needs: ['etcd', 'etcd-3.4', 'zookeeper', 'zookeeper-3.9'],
    minutesMax: 8,
  },
  {
    name: 'differential',
    paths: ['test/differential/'],
    needs: ['etcd', 'zookeeper', 'zookeeper-3.9', 'redis'],
    minutesMax: 10,
  },
  {
    name: 'compare',
    paths: ['test/compare/'],
    needs: ['zookeeper', 'zookeeper-3.9', 'kazoo'],
    minutesMax: 5,
  },
  {
    name: 'copy',
    paths: ['test/copy/'],
    needs: ['etcd', 'redis'],
    minutesMax: 6,
  },
  {
    name: 'packed',
    paths: ['test/packed/'],
    needs: ['node-20.19', 'node-22', 'node-24'],
    minutesMax: 6,
  },
  {
    name: 'examples',
    paths: ['test/examples/'],
    needs: ['etcd'],
    minutesMax: 3,
  },
  {
    name: 'bench',
    paths: ['test/bench/'],
    needs: ['etcd', 'zookeeper'],
    minutesMax: 4,
  },
  {
    name: 'ecosystem',
    paths: ['test/ecosystem/'],
    needs: ['etcd', 'etcd-3.4', 'zookeeper', 'zookeeper-c', 'zookeeper-npm', 'kazoo'],
    minutesMax: 8,
  },
  {
    name: 'suites',
    paths: ['test/suites/'],
    needs: ['etcd', 'zookeeper', 'zookeeper-c', 'jdk', 'curator', 'kazoo-suite'],
    minutesMax: 10,
  },
  {
    name: 'kafka',
    paths: ['test/kafka/', 'test/ecosystem/kafka'],
    needs: ['etcd', 'zookeeper', 'kafka-3.9', 'kafka-2.8'],
    minutesMax: 12,
  },
]

/** Checks of the sources, before the groups: no tests, so they count only when they fail. */
export const checks = [
  {
    name: 'lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
  {
    name: 'typecheck',
    args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
  },
]

/** The group that a test file belongs to, or undefined. */
export function groupOf(file) {
  let best
  let length = 0
  for (const group of groups) {
    for (const path of group.paths) {
      if (!file.startsWith(path) || path.length <= length) continue
      best = group
      length = path.length
    }
  }
  return best
}
