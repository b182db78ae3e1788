/** zkCli.sh with its commands on stdin, and what it answered, without what differs between runs. */
import { spawn } from 'node:child_process'

const program = '/usr/share/zookeeper/bin/zkCli.sh'
const runMsMax = 60_000

/** Complaints of the shell about its logging come whenever it first logs. */
const noise = /^$|^WATCHER::$|^SLF4J: /

export interface Transcript {
  /** By command: its lines on stdout and stderr together, without empty lines and watch events. */
  readonly answers: readonly { readonly command: string; readonly lines: readonly string[] }[]
  /** Watch events, in the order they came. */
  readonly events: readonly string[]
}

/** Runs the commands in one session of one zkCli.sh; the answers are made comparable. */
export async function runZkCli(
  connectString: string,
  commands: readonly string[],
): Promise<Transcript> {
  // Each is followed by the read of a znode that is not there, whose error names it.
  const script = commands.flatMap((command, index) => [command, `get ${marker(index)}`])
  const output = await run(connectString, `${script.join('\n')}\n`)
  const lines = canonical(output).filter((line) => !noise.test(line))
  const isEvent = (line: string) => line.startsWith('WatchedEvent ')
  const answered = lines.filter((line) => !isEvent(line))
  const answers: { command: string; lines: string[] }[] = []
  let at = answered.findIndex((line) => line.startsWith('JLine support is')) + 1
  for (const [index, command] of commands.entries()) {
    const end = answered.findIndex((line, i) => i >= at && line.includes(marker(index)))
    if (end < 0)
      throw new Error(`zkCli.sh did not get as far as "${command}":\n${output.slice(-2000)}`)
    const own = answered.slice(at, end)
    answers.push({ command, lines: unordered.has(command) ? own.sort() : own })
    at = end + 1
  }
  return { answers, events: lines.filter(isEvent) }
}

/** ZooKeeper answers these from a hash set. */
const unordered = new Set(['whoami'])

function marker(index: number): string {
  return `/no-such-znode-${index}-`
}

/** zxids become their ranks, times and session ids a word, unless they are 0. */
function canonical(output: string): string[] {
  const zxidLine = /^([cmp]Zxid) = 0x([0-9a-f]+)$/
  const lines = output.split('\n')
  const zxids = new Set(lines.flatMap((line) => zxidLine.exec(line)?.[2] ?? []))
  const ranks = [...zxids].map((hex) => BigInt(`0x${hex}`)).sort((x, y) => (x < y ? -1 : 1))
  return lines.map((line) =>
    line
      .replace(zxidLine, (_line, name, hex) =>
        hex === '0' ? `${name} = 0` : `${name} = #${ranks.indexOf(BigInt(`0x${hex}`))}`,
      )
      .replace(/^([cm]time) = (?!.* 1970$).*$/, '$1 = <time>')
      .replace(/^(ephemeralOwner) = 0x[0-9a-f]{2,}$/, '$1 = <session>'),
  )
}

function run(connectString: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // One pipe for stdout and stderr, so that they keep their order.
    const child = spawn(
      '/bin/sh',
      ['-c', 'exec "$0" "$@" 2>&1', program, '-server', connectString],
      {
        // A group of its own: the script is the parent of a JVM.
        detached: true,
        env: {
          ...process.env,
          LC_ALL: 'C.UTF-8',
          JAVA_TOOL_OPTIONS: undefined,
          JVMFLAGS: '-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC',
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    let output = ''
    let late = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const timer = setTimeout(() => {
      late = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, runMsMax)
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      if (late) reject(new Error(`zkCli.sh did not end in ${runMsMax} ms:\n${output.slice(-2000)}`))
      else resolve(output)
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
