/** Three members of one etcd with the names that docs/operations.md uses, and a shell that runs its commands. */
import { execFile } from 'node:child_process'
import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EtcdMember } from '../faults/bed/etcd-member.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { etcdProgram, etcdutlProgram } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { COMMAND_MS_MAX } from './etcd-shell.ts'

const SIZE = 3

export class EtcdCluster {
  /** Where commands run, and files of a relative name are. */
  readonly folder = temporaryFolder('etcd-cluster')
  readonly members: EtcdMember[] = []
  #movedAside = 0

  static async start(): Promise<EtcdCluster> {
    const cluster = new EtcdCluster()
    const ports = await freePorts(2 * SIZE)
    const peerUrl = (index: number) => `http://127.0.0.1:${ports[SIZE + index]}`
    const names = Array.from({ length: SIZE }, (_, index) => `etcd-${index + 1}`)
    const initialCluster = names.map((name, index) => `${name}=${peerUrl(index)}`).join(',')
    for (const [index, name] of names.entries()) {
      cluster.members.push(
        new EtcdMember({
          name,
          clientPort: ports[index]!,
          peerPort: ports[SIZE + index]!,
          initialCluster,
          advertisedPeerUrl: peerUrl(index),
          folder: join(cluster.folder, 'members'),
        }),
      )
    }
    await cluster.launch()
    return cluster
  }

  /** The store URL of all members. */
  get url(): string {
    return `etcd://${this.members.map(({ host }) => host).join(',')}`
  }

  /** Starts all members, and waits until each of them answers a linearizable read. */
  async launch(): Promise<void> {
    for (const member of this.members) member.launch()
    for (const { name, api } of this.members) {
      await eventually(`${name} answers`, () => api.confirm(1_000), 30_000)
    }
  }

  /** SIGKILL to all, and their data is moved aside. */
  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
    this.#movedAside++
    for (const { dataFolder } of this.members) {
      renameSync(dataFolder, `${dataFolder}-${this.#movedAside}`)
    }
  }

  /** Runs a command of the page as on member `index`: with our addresses and folder instead of the page's. */
  async run(command: string, index = 0): Promise<string> {
    const member = this.members[index]!
    const here = command
      .replace(/--name etcd-1\b/, `--name ${member.name}`)
      .replace(
        /(--initial-advertise-peer-urls) https:\/\/etcd-1:2380/,
        `$1 https://${member.name}:2380`,
      )
      .replace('/var/lib/etcd', member.dataFolder)
      .replace(/https:\/\/etcd-(\d):2379/g, (_, n) => `http://${this.members[n - 1]!.host}`)
      .replace(/https:\/\/etcd-(\d):2380/g, (_, n) => this.members[n - 1]!.peerUrl)
    const folders = [etcdProgram(), etcdutlProgram()].map(dirname)
    const { stdout } = await promisify(execFile)('/bin/sh', ['-ec', here], {
      cwd: this.folder,
      env: {
        // etcdctl refuses what is said two times.
        ...(here.includes('--endpoints') ? {} : { ETCDCTL_ENDPOINTS: member.host }),
        PATH: `${folders.join(':')}:${process.env.PATH}`,
        ETCDCTL_COMMAND_TIMEOUT: `${COMMAND_MS_MAX}ms`,
      },
      timeout: 60_000,
    })
    return stdout
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
    removeFolder(this.folder)
  }
}
