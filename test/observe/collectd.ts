/** collectd as a child process: its plugin zookeeper reads mntr every second, and its plugin write_prometheus exports that. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, spawnChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

export class Collectd {
  readonly #port: number
  readonly #folder: string
  readonly #child: Child

  private constructor(port: number, folder: string, child: Child) {
    this.#port = port
    this.#folder = folder
    this.#child = child
  }

  /** Of the server at this port. */
  static async start(target: number): Promise<Collectd> {
    const port = await freePort()
    const folder = temporaryFolder('collectd')
    const config = join(folder, 'collectd.conf')
    const lines = [
      `BaseDir "${folder}"`,
      `PIDFile "${join(folder, 'pid')}"`,
      'PluginDir "/usr/lib/collectd"',
      'TypesDB "/usr/share/collectd/types.db"',
      'Hostname "here"',
      'Interval 1',
      'LoadPlugin logfile',
      '<Plugin logfile>\nLogLevel info\nFile stdout\n</Plugin>',
      'LoadPlugin zookeeper',
      `<Plugin zookeeper>\nHost "127.0.0.1"\nPort "${target}"\n</Plugin>`,
      'LoadPlugin write_prometheus',
      `<Plugin write_prometheus>\nPort "${port}"\n</Plugin>`,
    ]
    writeFileSync(config, `${lines.join('\n')}\n`)
    const child = spawnChild({
      name: 'collectd',
      command: '/usr/sbin/collectd',
      args: ['-f', '-C', config],
    })
    const collectd = new Collectd(port, folder, child)
    await child.waitForPort(port)
    return collectd
  }

  /** Value by name and labels, as they are exported. */
  async series(): Promise<ReadonlyMap<string, number>> {
    const { body } = await http(this.#port, '/metrics')
    const lines = body.split('\n').filter((line) => line.startsWith('collectd_'))
    return new Map(
      lines.map((line) => {
        const [name, value] = line.split(' ')
        return [name!, Number(value)]
      }),
    )
  }

  /** What it said, which names each read that failed. */
  get output(): string {
    return this.#child.output
  }

  async stop(): Promise<void> {
    await this.#child.stop()
    removeFolder(this.#folder)
  }
}
