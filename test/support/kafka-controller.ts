/** A KRaft controller that may claim a cluster from ZooKeeper, and later be the controller without it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from './child.ts'
import { freePort } from './free-port.ts'
import { spawnJava } from './java.ts'
import {
  type KafkaQuorum,
  type Properties,
  quorumProperties,
  standardAuthorizer,
  zookeeperProperties,
} from './kafka-quorum.ts'
import { kafkaLibs } from './requirements.ts'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

export interface KafkaControllerOptions {
  /** Another one than any broker's. */
  readonly nodeId: number
  /** `host:port[,…][/chroot]`. */
  readonly zookeeperConnect: string
}

export class KafkaController {
  readonly quorum: KafkaQuorum
  readonly #zookeeperConnect: string
  readonly #folder: string
  #child: Child | undefined

  private constructor(port: number, { nodeId, zookeeperConnect }: KafkaControllerOptions) {
    this.quorum = { nodeId, host: '127.0.0.1', port }
    this.#zookeeperConnect = zookeeperConnect
    this.#folder = temporaryFolder(`kafka-controller-${nodeId}`)
  }

  static async make(options: KafkaControllerOptions): Promise<KafkaController> {
    return new KafkaController(await freePort(), options)
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('the controller was not started')
    return this.#child
  }

  /** For a failed test; '' before its start. */
  get output(): string {
    return this.#child?.output ?? ''
  }

  /** Gives its folder the id of the cluster, as kafka-storage.sh does. */
  async format(clusterId: string): Promise<void> {
    // An id may begin with a hyphen, which -t ID would take for a flag.
    const args = ['format', `--cluster-id=${clusterId}`, '-c', this.#write(true)]
    const child = this.#spawn('kafka-storage', 'kafka.tools.StorageTool', args)
    const { code } = await child.exited
    if (code !== 0) throw new Error(`kafka-storage ended with ${code}:\n${child.output}`)
  }

  /** In migration mode it needs ZooKeeper; without, the migration is finalised. Does not wait. */
  launch(mode: 'migration' | 'kraft'): void {
    const file = this.#write(mode === 'migration')
    this.#child = this.#spawn(`kafka-controller:${this.quorum.port}`, 'kafka.Kafka', [file])
  }

  async waitUntilServing(): Promise<void> {
    await this.child.waitForLine(/Kafka Server started/, { timeoutMs: 120_000 })
  }

  /** It keeps its data. */
  async end(): Promise<void> {
    await this.#child?.stop({ graceMs: 20_000 })
  }

  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    await this.kill()
    removeFolder(this.#folder)
  }

  #spawn(name: string, mainClass: string, args: readonly string[]): Child {
    const classPath = [join(kafkaLibs('3.9'), '*')]
    return spawnJava({ name, classPath, mainClass, args, heapMb: 320, folder: this.#folder })
  }

  properties(isMigrating: boolean): Properties {
    const { nodeId, host, port } = this.quorum
    return {
      'process.roles': 'controller',
      'node.id': nodeId,
      listeners: `CONTROLLER://${host}:${port}`,
      'log.dirs': join(this.#folder, 'data'),
      'inter.broker.listener.name': 'PLAINTEXT',
      ...quorumProperties(this.quorum),
      ...standardAuthorizer,
      ...(isMigrating && {
        'zookeeper.metadata.migration.enable': true,
        ...zookeeperProperties(this.#zookeeperConnect, 18_000),
      }),
    }
  }

  #write(isMigrating: boolean): string {
    const properties = this.properties(isMigrating)
    const file = join(this.#folder, 'controller.properties')
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(file, lines.join(''))
    return file
  }
}
