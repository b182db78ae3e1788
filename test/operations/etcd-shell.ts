/** etcdctl, as somebody runs it by hand. */
import { execFile, execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { etcdProgram } from '../support/requirements.ts'

const etcdctl = join(dirname(etcdProgram()), 'etcdctl')
const prefix = '/anykeeper'
/** A busy disk makes etcd wait: longer than the 5 s that etcdctl allows. Unit: ms. */
export const COMMAND_MS_MAX = 30_000

export class EtcdShell {
  readonly #env: NodeJS.ProcessEnv

  constructor(host: string) {
    this.#env = {
      PATH: process.env.PATH,
      ETCDCTL_ENDPOINTS: host,
      ETCDCTL_COMMAND_TIMEOUT: `${COMMAND_MS_MAX}ms`,
    }
  }

  /** Value of a key below the prefix; without the newline that etcdctl adds. undefined: absent. */
  async get(key: string): Promise<string | undefined> {
    const args = ['get', `${prefix}/${key}`, '--print-value-only']
    const { stdout } = await promisify(execFile)(etcdctl, args, {
      env: this.#env,
      timeout: COMMAND_MS_MAX + 5_000,
    })
    return stdout === '' ? undefined : stdout.slice(0, -1)
  }

  /** Leases that etcd has, whoever has them, and keys that begin so, below the prefix. */
  async left(key: string): Promise<{ readonly leases: string[]; readonly keys: string[] }> {
    const run = async (...args: string[]): Promise<string[]> => {
      const options = { env: this.#env, timeout: COMMAND_MS_MAX + 5_000 }
      const { stdout } = await promisify(execFile)(etcdctl, args, options)
      return stdout.split('\n').filter((line) => line !== '')
    }
    const [, ...leases] = await run('lease', 'list')
    const keys = await run('get', `${prefix}/${key}`, '--prefix', '--keys-only')
    return { leases, keys }
  }

  async json<T>(key: string): Promise<T> {
    return JSON.parse((await this.get(key)) ?? 'null') as T
  }

  put(key: string, value: string): void {
    const options = { env: this.#env, timeout: COMMAND_MS_MAX + 5_000, input: value }
    execFileSync(etcdctl, ['put', `${prefix}/${key}`], options)
  }

  delete(key: string, ...flags: string[]): void {
    execFileSync(etcdctl, ['del', `${prefix}/${key}`, ...flags], {
      env: this.#env,
      timeout: COMMAND_MS_MAX + 5_000,
    })
  }

  /** What an operator does when etcd has no space, once something was deleted. */
  async makeRoom(): Promise<void> {
    const run = (...args: string[]) =>
      promisify(execFile)(etcdctl, args, { env: this.#env, timeout: COMMAND_MS_MAX + 5_000 })
    const { stdout } = await run('endpoint', 'status', '--write-out=json')
    const [{ Status }] = JSON.parse(stdout) as [{ Status: { header: { revision: number } } }]
    await run('compact', String(Status.header.revision), '--physical')
    await run('defrag')
    await run('alarm', 'disarm')
  }
}
