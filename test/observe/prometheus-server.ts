/** Prometheus as a child process: it scrapes the given ports every second. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, spawnChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

export interface PrometheusResult {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

export class Prometheus {
  readonly #port: number
  readonly #folder: string
  readonly #child: Child

  private constructor(port: number, folder: string, child: Child) {
    this.#port = port
    this.#folder = folder
    this.#child = child
  }

  /** `targets`: ports of the job zookeeper, or ports by job. */
  static async start(
    targets: readonly number[] | Readonly<Record<string, readonly number[]>>,
    alerts: Readonly<Record<string, string>>,
  ): Promise<Prometheus> {
    const port = await freePort()
    const folder = temporaryFolder('prometheus')
    const jobs = isList(targets) ? { zookeeper: targets } : targets
    const rules = Object.entries(alerts).map(([alert, expr]) => ({ alert, expr }))
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yml'],
      scrape_configs: Object.entries(jobs).map(([job, ports]) => ({
        job_name: job,
        static_configs: [{ targets: ports.map((one) => `127.0.0.1:${one}`) }],
      })),
    }
    // JSON is YAML.
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'all', rules }] }))
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
    execFileSync('promtool', ['check', 'config', join(folder, 'prometheus.yml')], { stdio: 'pipe' })
    const child = spawnChild({
      name: 'prometheus',
      command: 'prometheus',
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    })
    const server = new Prometheus(port, folder, child)
    await child.waitUntil('readiness', async () => (await http(port, '/-/ready')).status === 200)
    return server
  }

  async query(expression: string): Promise<readonly PrometheusResult[]> {
    const { data } = await this.#get<{ result: readonly PrometheusResult[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    )
    return data.result
  }

  /** Rules by name: ok, with an error, or not evaluated yet; and whether they fire. */
  async alerts(): Promise<
    ReadonlyMap<string, { readonly health: string; readonly state: string }>
  > {
    const { data } = await this.#get<{
      groups: readonly { rules: readonly { name: string; health: string; state: string }[] }[]
    }>('rules')
    return new Map(data.groups.flatMap(({ rules }) => rules.map((rule) => [rule.name, rule])))
  }

  async stop(): Promise<void> {
    await this.#child.stop()
    removeFolder(this.#folder)
  }

  async #get<T>(path: string): Promise<{ readonly data: T }> {
    const answer = await http(this.#port, `/api/v1/${path}`)
    if (answer.status !== 200) throw new Error(answer.body)
    return answer.json()
  }
}

/** Names are ZooKeeper's: promtool has opinions about them, and none about the form. */
const OPINIONS = /should|no help text|not end with|base unit|abbreviated/

/** Lines of promtool about the form of what a server reports. */
export function malformed(metrics: string): readonly string[] {
  const { stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  })
  return stderr.split('\n').filter((line) => line !== '' && !OPINIONS.test(line))
}

function isList<T>(
  value: readonly T[] | Readonly<Record<string, readonly T[]>>,
): value is readonly T[] {
  return Array.isArray(value)
}
