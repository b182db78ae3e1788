/** The one table of what `npm test` runs, what each part needs, and which parts run side by side. */

/**
 * @typedef {object} Group
 * @property {string} name of `npm test -- --only NAME`
 * @property {string[]} paths files and folders (ending in /) of its *.test.ts; the longest match wins
 * @property {Requirement[]} needs prepared before; the names are those of test/support/requirements.ts
 * @property {number} minutesMax after that the group is ended and has failed; some three times what it
 *   takes beside another group
 */

/**
 * In the order in which they begin, each as soon as its own needs are there: first what needs no server,
 * while servers are prepared; then the long ones, of which one waits (suites, kafka) while another
 * computes; short ones fill the end.
 *
 * @type {Group[]}
 */
export const groups = [
  {
    name: 'unit',
    paths: ['test/tidy.test.ts', 'test/unit/', 'test/keeper/', 'test/support/'],
    needs: ['openssl'],
    minutesMax: 16,
  },
  {
    name: 'simulation',
    paths: ['test/simulation/'],
    needs: ['porcupine'],
    minutesMax: 10,
  },
  {
    name: 'fuzz',
    paths: ['test/fuzz/'],
    needs: [],
    minutesMax: 12,
  },
  {
    name: 'suites',
    paths: ['test/suites/'],
    needs: ['etcd', 'zookeeper', 'zookeeper-c', 'jdk', 'curator', 'kazoo-suite'],
    minutesMax: 20,
  },
  {
    name: 'ecosystem',
    paths: ['test/ecosystem/'],
    needs: [
      'etcd',
      'etcd-3.4',
      'zookeeper',
      'zookeeper-3.9',
      'zookeeper-c',
      'zookeeper-npm',
      'kazoo',
      'openssl',
      'libssl',
      'go-zookeeper',
    ],
    minutesMax: 16,
  },
  {
    name: 'stores',
    paths: ['test/adapters/'],
    needs: ['etcd', 'etcd-3.4', 'etcd-3.5', 'etcd-3.7', 'redis'],
    minutesMax: 16,
  },
  {
    name: 'wire',
    paths: ['test/wire/'],
    needs: ['etcd', 'etcd-3.4', 'zookeeper', 'zookeeper-3.9', 'redis', 'openssl'],
    minutesMax: 16,
  },
  {
    name: 'kafka',
    paths: ['test/kafka/', 'test/ecosystem/kafka'],
    needs: ['etcd', 'zookeeper', 'kafka-3.9', 'kafka-2.8', 'openssl'],
    minutesMax: 24,
  },
  {
    name: 'differential',
    paths: ['test/differential/'],
    needs: ['etcd', 'zookeeper', 'zookeeper-3.9', 'redis', 'openssl'],
    minutesMax: 20,
  },
  {
    name: 'copy',
    paths: ['test/copy/'],
    needs: ['etcd', 'redis', 'zookeeper', 'zookeeper-3.9'],
    minutesMax: 12,
  },
  {
    name: 'migrate',
    paths: ['test/migrate/'],
    needs: [
      'etcd',
      'zookeeper',
      'zookeeper-3.4',
      'zookeeper-3.9',
      'kafka-3.9',
      'kazoo',
      'anykeeper-0.1',
      'openssl',
    ],
    minutesMax: 14,
  },
  {
    name: 'operations',
    paths: ['test/operations/'],
    needs: ['etcd', 'etcdutl', 'redis', 'openssl', 'anykeeper-0.1'],
    minutesMax: 12,
  },
  {
    name: 'observe',
    paths: ['test/observe/'],
    needs: [
      'etcd',
      'etcdutl',
      'redis',
      'openssl',
      'zookeeper',
      'zookeeper-admin',
      'prometheus',
      'collectd',
    ],
    minutesMax: 10,
  },
  {
    name: 'shell',
    paths: ['test/shell/'],
    needs: ['etcd', 'redis', 'openssl', 'zookeeper', 'zookeeper-3.9'],
    minutesMax: 12,
  },
  {
    name: 'page',
    paths: ['test/page/'],
    needs: ['chromium', 'etcd'],
    minutesMax: 10,
  },
  {
    name: 'deploy',
    paths: ['test/deploy/'],
    needs: [
      'etcd',
      'redis',
      'zookeeper',
      'node-24',
      'kafka-3.9',
      'kazoo',
      'openssl',
      'prometheus',
      'systemd',
      'helm',
      'kubeconform',
      'kubernetes-schemas',
    ],
    minutesMax: 12,
  },
  {
    name: 'examples',
    paths: ['test/examples/'],
    needs: ['etcd', 'zookeeper-3.9', 'kafka-3.9'],
    minutesMax: 10,
  },
  {
    name: 'packed',
    paths: ['test/packed/'],
    needs: ['node-20.19', 'node-22', 'node-24', 'etcd'],
    minutesMax: 12,
  },
  {
    name: 'bench',
    paths: ['test/bench/'],
    needs: ['etcd', 'zookeeper'],
    minutesMax: 8,
  },
  {
    name: 'kill',
    paths: ['test/kill/'],
    needs: ['redis'],
    minutesMax: 10,
  },
  {
    name: 'feed',
    paths: ['test/feed/'],
    needs: ['etcd'],
    minutesMax: 8,
  },
  {
    name: 'faults',
    paths: ['test/faults/'],
    needs: ['etcd', 'etcdutl', 'porcupine'],
    minutesMax: 8,
  },
  {
    name: 'attack',
    paths: ['test/attack/'],
    needs: [],
    minutesMax: 12,
  },
  {
    name: 'compare',
    paths: ['test/compare/'],
    needs: ['zookeeper', 'zookeeper-3.9', 'kazoo', 'openssl'],
    minutesMax: 10,
  },
]

/** Checks of the sources, in the first lane before its groups: no tests, so they count only when they fail. */
export const checks = [
  {
    name: 'lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
  {
    name: 'typecheck',
    args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
  },
  {
    name: 'typecheck-page',
    args: ['node_modules/typescript/bin/tsc', '-p', 'page/tsconfig.json'],
  },
  {
    name: 'knip',
    args: ['node_modules/knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'],
  },
  {
    name: 'api-docs',
    args: ['node_modules/typedoc/bin/typedoc', '--emit', 'none', '--logLevel', 'Warn'],
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
