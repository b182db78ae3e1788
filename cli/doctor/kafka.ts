/** `anykeeper doctor kafka`: where a Kafka cluster's migration to KRaft is, and the traps before it, as text or JSON. */
import { Command } from 'commander'
import { reasonOf } from '../../lib/internal.ts'
import {
  DoctorError,
  type Endpoint,
  examineKafka,
  KAFKA_EXAMINATION_DEFAULT,
  type KafkaReport,
} from '../../proxy/index.ts'
import { parseZnodePath } from '../copy.ts'
import { prefixFlag, UsageError } from '../flags.ts'
import { parsePositive } from '../settings/parse.ts'
import { shownUrl } from '../settings/shown-url.ts'
import { printableJson, printableText } from '../znode/printable.ts'
import { serverUrl } from '../znode/server-text.ts'
import { openSource, type SourceFlags } from './open-source.ts'
import { splitUrl } from './server-url.ts'

interface KafkaFlags extends SourceFlags {
  readonly chroot?: string
  readonly clusterId?: string
  readonly json?: true
  readonly watch: number
  readonly partitionsMax: number
  readonly timeout: number
}

const EXIT_TRAP = 1
const EXIT_CODES = `Exit codes:
  0  no trap found
  1  a trap, or several: the text says what to do
  2  bad usage, nothing could be reached, or it is no Kafka cluster`

export function kafkaCommand(): Command {
  const { watchMs, partitionsMax } = KAFKA_EXAMINATION_DEFAULT
  return new Command('kafka')
    .summary('say where a Kafka cluster and its migration to KRaft are')
    .description(
      'Read the znodes of a Kafka cluster, and say in which state it and its migration from ZooKeeper to KRaft are, ' +
        'which known traps lie ahead, and what comes next. Works on anykeeper and on Apache ZooKeeper. Changes nothing.',
    )
    .argument(
      '<url>',
      'zk://host[:port][,host…][/chroot], zks://… over TLS, or a store: etcd://host:port, redis://host:port, file:<folder>',
    )
    .option('--chroot <path>', 'the root of the cluster, as in zookeeper.connect', parseZnodePath)
    .option('--cluster-id <id>', 'compare with the id that the controllers are formatted with')
    .option('--json', 'print one JSON object instead of text')
    .option('--watch <ms>', 'watch /migration this long for a rewrite', parsePositive, watchMs)
    .option(
      '--partitions-max <n>',
      'compare the epochs of this many partitions',
      parsePositive,
      partitionsMax,
    )
    .option('--timeout <ms>', 'give up after this long', parsePositive, 30_000)
    .option('--digest-file <file>', 'zk://: a file with user:password of the digest scheme')
    .option('--ca <file>', 'zks://: authorities, PEM')
    .option('--cert <file>', 'zks://: certificate of this client, PEM')
    .option('--key <file>', 'zks://: its key, PEM')
    .addOption(prefixFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(doctorKafka)
}

/** Its exit code: see `EXIT_CODES`. */
async function doctorKafka(url: string, flags: KafkaFlags): Promise<void> {
  const { tree, chroot: inUrl, servers } = splitUrl(serverUrl(url))
  if (inUrl !== '' && flags.chroot !== undefined) {
    throw new UsageError('the chroot is in the URL or a flag, not both')
  }
  const asked = flags.chroot ?? inUrl
  const report = await examined(tree, asked === '/' ? '' : asked, servers, flags)
  process.stdout.write(
    flags.json === true
      ? `${printableJson(JSON.stringify(report))}\n`
      : printableText(textOf(report)),
  )
  if (report.findings.some(({ kind }) => kind === 'trap')) process.exitCode = EXIT_TRAP
}

/** Whatever prevents an examination has the exit code of bad usage: 1 is for a trap alone. */
async function examined(
  tree: string,
  chroot: string,
  servers: readonly Endpoint[],
  flags: KafkaFlags,
): Promise<KafkaReport> {
  const { watch: watchMs, partitionsMax, clusterId, timeout } = flags
  const signal = AbortSignal.timeout(timeout)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  const work = async (): Promise<KafkaReport> => {
    const { source, close } = await openSource(tree, flags, signal)
    try {
      const given = clusterId === undefined ? {} : { clusterId }
      return await examineKafka(source, { chroot, watchMs, partitionsMax, servers, ...given })
    } finally {
      await close()
    }
  }
  try {
    return await Promise.race([work(), late])
  } catch (error) {
    if (signal.aborted) {
      throw new UsageError(
        `${shownUrl(tree)}: no answer, or not all of them, within ${timeout} ms (--timeout)`,
      )
    }
    throw error instanceof UsageError || error instanceof DoctorError
      ? new UsageError(error.message)
      : new UsageError(`${shownUrl(tree)}: ${reasonOf(error)}`)
  }
}

function textOf(report: KafkaReport): string {
  const { summary, findings, next, sizes, clusterId } = report
  const lines = [
    `cluster: ${clusterId ?? 'without an id'}; ${sizes}`,
    `state:   ${report.state}. ${summary}`,
    ...findings.map(({ kind, code, text }) => `${`${kind}:`.padEnd(8)} ${code}. ${text}`),
    ...next.map((text) => `next:    ${text}`),
  ]
  return `${lines.join('\n')}\n`
}
