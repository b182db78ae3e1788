/** Proxies on an etcd with little space, one on an etcd that lets nobody compact, two on their memory; Prometheus scrapes them, with the chart's rules. */
import { spawnSync } from 'node:child_process'
import { Etcd3 } from 'etcd3'
import { noPolicy } from '../../adapters/etcd/no-policy.ts'
import { Prometheus } from '../observe/prometheus-server.ts'
import { EtcdShell } from '../operations/etcd-shell.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { EtcdUsers } from '../support/etcd-users.ts'
import { eventually, within } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { alertRules } from './alert-rules.ts'

/** On a disk that others keep busy, a look by Prometheus may take seconds, and a write to etcd as well. */
export const DEADLINE_MS = 60_000
/** A request is repeated after so long: its connection is of no use any more. */
const ATTEMPT_MS = 10_000
const QUOTA_BYTES = 16 * 2 ** 20
/** Its role ends at the prefix: compaction is for root. */
const USER = { username: 'anykeeper', password: 'of the prefix' }
/** By their places in {@link AlertBed.servers}. */
const JOBS = ['anykeeper', 'anykeeper', 'anykeeper-memory', 'anykeeper-files', 'anykeeper-user']

export class AlertBed {
  readonly fired = new Set<string>()
  /** Two on one etcd; one with a small heap and a certificate of two days; one that nothing is wrong with; one with a user of etcd's. */
  readonly servers: AnykeeperProcess[] = []
  readonly #folder = temporaryFolder('alerts-real')
  readonly #adminPorts: number[] = []
  #restricted!: EtcdServer
  #prometheus!: Prometheus
  #others: Etcd3 | undefined
  #client: RawClient | undefined
  etcd!: EtcdServer
  shell!: EtcdShell

  /** Resolves when each server was scraped twice. */
  async start(): Promise<void> {
    const certificates = makeCertificates(this.#folder)
    for (const _ of JOBS) this.#adminPorts.push(await freePort())
    ;[this.etcd, this.#restricted] = await Promise.all([
      startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] }),
      startEtcd(),
    ])
    this.shell = new EtcdShell(this.etcd.host)
    this.#others = new Etcd3({
      hosts: this.etcd.host,
      faultHandling: { global: noPolicy, host: () => noPolicy },
    })
    await new EtcdUsers(this.#restricted.host).enable(USER, '/anykeeper/')
    const store = `etcd://${this.etcd.host}`
    const restricted = `etcd://${USER.username}:${encodeURIComponent(USER.password)}@${this.#restricted.host}`
    await Promise.all([
      this.#serve(0, store, '--record-check', '200', '--space-wait', '500'),
      this.#serve(1, store, '--record-check', '200'),
      this.#serve(2, 'memory:', '--memory-soft-limit', `${2 ** 20}`, ...this.#tls(certificates)),
      this.#serve(3, 'memory:'),
      this.#serve(4, restricted, '--history-retention', '1000'),
    ])
    const portsOf = (job: string) => this.#adminPorts.filter((_, index) => JOBS[index] === job)
    const targets = Object.fromEntries(JOBS.map((job) => [job, portsOf(job)]))
    const rules = alertRules().map(({ alert, expr }) => [alert, expr])
    this.#prometheus = await Prometheus.start(targets, Object.fromEntries(rules))
    await eventually(
      'two scrapes of all',
      async () => {
        const counts = await this.#prometheus.query('count_over_time(up[1m]) >= 2')
        return counts.length === JOBS.length
      },
      DEADLINE_MS,
    )
  }

  async stop(): Promise<void> {
    this.#client?.destroy()
    this.#others?.close()
    await this.#prometheus?.stop()
    for (const server of this.servers) await server?.kill()
    await this.etcd?.stop()
    await this.#restricted?.stop()
    removeFolder(this.#folder)
  }

  /** Resolves when all of them were seen to fire. `meanwhile`: repeated until then; what it throws is left out. */
  async fire(
    names: readonly string[],
    meanwhile: () => Promise<unknown> = async () => {},
  ): Promise<void> {
    for (const name of names) {
      await eventually(
        name,
        async () => {
          await meanwhile().catch(() => {})
          const rule = (await this.#prometheus.alerts()).get(name)
          if (rule?.health === 'err') throw new Error(`${name} cannot be evaluated`)
          return rule?.state === 'firing'
        },
        DEADLINE_MS,
      )
      this.fired.add(name)
    }
  }

  /** Names of rules that fire now. */
  async firing(): Promise<readonly string[]> {
    const alerts = [...(await this.#prometheus.alerts())]
    return alerts.filter(([, { state }]) => state === 'firing').map(([name]) => name)
  }

  /**
   * One request of a client of the first server. A connection that ended, as it does when a store stands still, is
   * replaced at the next call.
   * @throws when there is no answer; the outcome is not known then
   */
  async request<T>(send: (client: RawClient) => Promise<T>): Promise<T> {
    try {
      const { port } = this.servers[0]!
      this.#client ??= await within(
        'a session',
        ATTEMPT_MS,
        RawClient.connect({ port, timeoutMs: 30_000 }),
      )
      return await within('an answer', ATTEMPT_MS, send(this.#client))
    } catch (error) {
      this.#client?.destroy()
      this.#client = undefined
      throw error
    }
  }

  /**
   * Writes of somebody else to the etcd, 1 MiB together for each of `rounds`, to keys that stay. Small ones: each commit of
   * etcd writes what stands beside the new value again, and that space would count as taken. Rejects where there is none.
   */
  async fill(...rounds: readonly number[]): Promise<void> {
    const parts = Array.from({ length: 16 }, (_, part) => part)
    for (const round of rounds) {
      const puts = parts.map((part) =>
        this.#others!.put(`/others/${round}/${part}`).value(Buffer.alloc(2 ** 16, round)),
      )
      await Promise.all(puts)
    }
  }

  async empty(): Promise<void> {
    await this.#others!.delete().prefix('/others/')
    await this.shell.makeRoom()
  }

  /** etcd's alarm, as a member that is full raises it: every write is refused, whatever space there is. */
  async alarm(action: 'Activate' | 'Deactivate'): Promise<void> {
    const { header } = await this.#others!.maintenance.status()
    await this.#others!.maintenance.alarm({
      action,
      alarm: 'Nospace',
      memberID: header.member_id,
    })
  }

  /** Resolves when /readyz of the server has this status. */
  async readiness(index: number, status: 200 | 503): Promise<void> {
    await eventually(
      `/readyz says ${status}`,
      async () => (await http(this.#adminPorts[index]!, '/readyz')).status === status,
      DEADLINE_MS,
    )
  }

  async #serve(index: number, store: string, ...args: string[]): Promise<void> {
    const admin = ['--admin-listen', `127.0.0.1:${this.#adminPorts[index]}`]
    const server = new AnykeeperProcess(await freePort(), { store, args: [...admin, ...args] })
    // Also one that does not get ready is stopped in the end.
    this.servers[index] = server
    await server.start()
  }

  #tls({ server }: Certificates): string[] {
    const short = `${this.#folder}/short.pem`
    const args = ['x509', '-in', server.cert, '-signkey', server.key, '-days', '2', '-out', short]
    spawnSync('openssl', args)
    return [
      ...['--secure-listen', '127.0.0.1:0', '--tls-cert', short],
      ...['--tls-key', server.key, '--tls-client-auth', 'none'],
    ]
  }
}
