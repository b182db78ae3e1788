/** One real etcd of a cluster: its process, its ports, its data. */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, spawnChild } from '../../support/child.ts'
import { etcdProgram } from '../../support/requirements.ts'
import { EtcdApi } from './etcd-api.ts'

export interface EtcdMemberOptions {
  readonly name: string
  readonly clientPort: number
  readonly peerPort: number
  /** `name=url` of every member, separated by commas: the URLs that the others reach it by. */
  readonly initialCluster: string
  readonly advertisedPeerUrl: string
  readonly folder: string
  /** Further flags. */
  readonly flags?: readonly string[]
}

export class EtcdMember {
  readonly name: string
  readonly api: EtcdApi
  readonly dataFolder: string
  /** Its process is about to go, or has gone; it is being started. */
  onDown: (() => void) | undefined
  onUp: (() => void) | undefined
  readonly #options: EtcdMemberOptions
  #child: Child | undefined

  constructor(options: EtcdMemberOptions) {
    this.name = options.name
    this.#options = options
    this.dataFolder = join(options.folder, options.name)
    mkdirSync(options.folder, { recursive: true })
    this.api = new EtcdApi(options.clientPort)
  }

  get host(): string {
    return `127.0.0.1:${this.#options.clientPort}`
  }
  get peerHost(): string {
    return `127.0.0.1:${this.#options.peerPort}`
  }
  get peerUrl(): string {
    return this.#options.advertisedPeerUrl
  }
  get pid(): number | undefined {
    return this.#child?.running === true ? this.#child.pid : undefined
  }
  get running(): boolean {
    return this.#child?.running === true
  }
  get output(): string {
    return this.#child?.output ?? ''
  }

  /** Starts it, also again; does not wait for it to serve. */
  launch(moreFlags: readonly string[] = []): void {
    const { name, clientPort, peerPort, initialCluster, advertisedPeerUrl, flags } = this.#options
    const client = `http://127.0.0.1:${clientPort}`
    this.#child = spawnChild({
      name: `etcd:${name}`,
      command: etcdProgram(),
      args: [
        `--name=${name}`,
        `--data-dir=${this.dataFolder}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-advertise-peer-urls=${advertisedPeerUrl}`,
        `--initial-cluster=${initialCluster}`,
        '--initial-cluster-token=faults',
        '--logger=zap',
        '--log-level=warn',
        ...(flags ?? []),
        ...moreFlags,
      ],
    })
    const child = this.#child
    void child.exited.then(() => {
      if (child === this.#child) this.onDown?.()
    })
    this.onUp?.()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.signal(signal)
  }

  async kill(): Promise<void> {
    this.onDown?.()
    await this.#child?.kill()
  }

  /** SIGTERM: a leader hands its place over first. */
  async stop(): Promise<void> {
    await this.#child?.stop()
  }

  /** Only while it does not run. */
  copyDataTo(folder: string): void {
    cpSync(this.dataFolder, folder, { recursive: true })
  }

  /** Only while it does not run. */
  replaceDataBy(folder: string): void {
    this.removeData()
    cpSync(folder, this.dataFolder, { recursive: true })
  }

  removeData(): void {
    rmSync(this.dataFolder, { recursive: true, force: true })
  }
}
