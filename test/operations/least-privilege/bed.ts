/** An etcd as the page describes it: TLS, a user with rights to one prefix, short-lived tokens, history compacted by itself. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Certificates, makeCertificates } from '../../support/certificates.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { COMMAND_MS_MAX } from '../etcd-shell.ts'
import { commandsOf, runCommands } from './page.ts'

export interface BedOptions {
  /** `--auto-compaction-retention`. */
  readonly retention: string
  /** `--quota-backend-bytes`. */
  readonly quotaBytes: number
  /** Of a token. Unit: seconds. */
  readonly tokenTtl: number
}

export class Bed {
  readonly folder = temporaryFolder('least-privilege')
  #etcd!: EtcdServer
  #passwords = 0
  #own!: Certificates
  /** What etcd reads: a restart takes what is in them then. */
  #served!: Certificates

  static async start(options: BedOptions): Promise<Bed> {
    const bed = new Bed()
    await bed.#start(options)
    return bed
  }

  /** The proxy's, with the files that are replaced. */
  get url(): string {
    const files = { ca: 'ca', cert: 'cert', key: 'key', passwordFile: 'anykeeper.password' }
    const paths = Object.entries(files).map(([name, file]) => [name, join(this.folder, file)])
    const query = new URLSearchParams({ ...Object.fromEntries(paths), reloadMs: '200' })
    return `etcds://anykeeper@localhost:${this.#etcd.port}?${query}`
  }

  /** The page's commands. The file has the new password first. */
  changePassword(): Promise<void> {
    return this.etcdctl(commandsOf('### Change the password'))
  }

  /** etcd has the new password `leadMs` before the file has it. */
  async changePasswordInEtcdFirst(leadMs: number): Promise<void> {
    const password = `p@ss+word/%25${++this.#passwords}`
    writeFileSync(join(this.folder, 'next'), password)
    const root = 'ETCDCTL_USER=root ETCDCTL_PASSWORD="$(cat root.password)"'
    await this.etcdctl(`${root} etcdctl user passwd anykeeper --interactive=false < next`)
    await sleep(leadMs)
    writeFileSync(join(this.folder, 'anykeeper.password'), `${password}\n`)
  }

  /**
   * As the page has it: both authorities, then the new certificates, then the new authority alone. `served`: resolves when
   * clients are served again after a restart of etcd, which has one member here.
   */
  async replaceCertificates(served: () => Promise<void>): Promise<void> {
    const folder = join(this.folder, 'new')
    mkdirSync(folder)
    const next = makeCertificates(folder)
    const both = readFileSync(this.#own.ca, 'utf8') + readFileSync(next.ca, 'utf8')
    this.#write('ca', both)
    writeFileSync(this.#served.ca, both)
    await this.#restart()
    await served()
    this.#copy(next.client.cert, 'cert')
    this.#copy(next.client.key, 'key')
    this.#serve(next)
    // By now the proxies have read theirs: each half a second and less.
    await sleep(1_000)
    writeFileSync(this.#served.ca, readFileSync(next.ca))
    await this.#restart()
    await served()
    this.#write('ca', readFileSync(next.ca, 'utf8'))
    this.#own = next
  }

  /** As root. */
  etcdctl(commands: string): Promise<void> {
    const { ca, client } = this.#served
    return runCommands(commands, this.folder, {
      ETCDCTL_ENDPOINTS: `https://${this.#etcd.host}`,
      ETCDCTL_CACERT: ca,
      ETCDCTL_CERT: client.cert,
      ETCDCTL_KEY: client.key,
      ETCDCTL_COMMAND_TIMEOUT: `${COMMAND_MS_MAX}ms`,
    })
  }

  async stop(): Promise<void> {
    await this.#etcd?.stop()
    removeFolder(this.folder)
  }

  async #start({ retention, quotaBytes, tokenTtl }: BedOptions): Promise<void> {
    for (const name of ['old', 'served']) mkdirSync(join(this.folder, name))
    this.#own = makeCertificates(join(this.folder, 'old'))
    const at = (name: string): string => join(this.folder, 'served', name)
    const pair = (name: string) => ({ cert: at(`${name}.pem`), key: at(`${name}.key`) })
    const [server, client] = [pair('server'), pair('client')]
    this.#served = { ca: at('ca.pem'), server, client, stranger: client }
    copyFileSync(this.#own.ca, this.#served.ca)
    this.#serve(this.#own)
    this.#copy(this.#own.ca, 'ca')
    this.#copy(this.#own.client.cert, 'cert')
    this.#copy(this.#own.client.key, 'key')
    const [key, pub] = [join(this.folder, 'jwt.key'), join(this.folder, 'jwt.pub')]
    execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'pipe' })
    execFileSync('openssl', ['rsa', '-in', key, '-pubout', '-out', pub], { stdio: 'pipe' })
    this.#etcd = await startEtcd({
      tls: this.#served,
      flags: [
        '--auto-compaction-mode=periodic',
        `--auto-compaction-retention=${retention}`,
        `--quota-backend-bytes=${quotaBytes}`,
        '--max-txn-ops=4096',
        `--auth-token=jwt,pub-key=${pub},priv-key=${key},sign-method=RS256,ttl=${tokenTtl}s`,
      ],
    })
    await this.etcdctl(commandsOf('### A user of its own'))
  }

  #serve({ server, client }: Certificates): void {
    for (const [from, to] of [
      [server, this.#served.server],
      [client, this.#served.client],
    ] as const) {
      copyFileSync(from.cert, to.cert)
      copyFileSync(from.key, to.key)
    }
  }

  async #restart(): Promise<void> {
    await this.#etcd.kill()
    await this.#etcd.restart()
  }

  #copy(from: string, name: string): void {
    copyFileSync(from, join(this.folder, name))
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }
}
