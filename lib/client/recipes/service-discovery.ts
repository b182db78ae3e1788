/**
 * A registry of services: who offers what, and where. Curator's x-discovery, in its znodes: `<base>/<name>/<id>`. Neighbours:
 * service-instance, service-provider, persistent-node.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames } from '../../base/known-options.ts'
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { badArgument, checkCallback, checked, checkOptions, checkPath } from '../arguments.ts'
import { newUuid } from '../protected-name.ts'
import { CodecError } from '../typed-values.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { checkLinePath } from './contend.ts'
import { readMembers } from './group-view.ts'
import { PersistentNode } from './persistent-node.ts'
import { checkInstance, instanceCodec, type ServiceInstance } from './service-instance.ts'
import { ServiceProvider, type ServiceProviderOptions } from './service-provider.ts'
import { checkWait, type WaitOptions } from './wait-scope.ts'
import { isRefusal } from './wanted-data.ts'

/** Options of {@link ServiceDiscovery}. */
export interface ServiceDiscoveryOptions {
  /**
   * A znode below a service is no instance (CodecError: it is left out); an instance that is registered is kept with difficulty, or not
   * any more: as {@link PersistentNodeOptions.onError}. Without this option the first is ignored, and an error that ends a
   * registration, and that no promise rejects with, is thrown in a task of its own.
   */
  readonly onError?: (error: unknown) => void
}

const INSTANCE = optionNames<ServiceInstance>({
  name: true,
  id: true,
  address: true,
  port: true,
  sslPort: true,
  payload: true,
  registrationTimeUTC: true,
  serviceType: true,
  uriSpec: true,
  enabled: true,
})

/** An instance to be registered: what is missing has its default. */
export type NewServiceInstance<P = unknown> = Partial<ServiceInstance<P>> &
  Pick<ServiceInstance<P>, 'name' | 'address'>

/**
 * `const services = new ServiceDiscovery(zk, '/services')`. What it registers stays registered while it is open: deleted by
 * somebody else it is created again, and with the session that follows a lost one if the client renews it. Instances are Curator's, in
 * both directions.
 */
export class ServiceDiscovery implements AsyncDisposable {
  /** Below it is one znode a service. */
  readonly basePath: string
  readonly #client: ZooKeeper
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #report: CallbackReporter
  /** By path. */
  readonly #registered = new Map<string, { node: PersistentNode; instance: ServiceInstance }>()
  readonly #providers = new Set<ServiceProvider>()
  #isClosed = false

  /** @throws {TypeError} the path is invalid, or the root; {ZnodeError} ZK_BAD_ARGUMENTS: an option is not valid */
  constructor(client: ZooKeeper, basePath: string, options: ServiceDiscoveryOptions = {}) {
    checkLinePath(basePath)
    this.#onError = checked(() => {
      const given = checkOptions(options, ['onError'] as const)
      return checkCallback(given.onError as ServiceDiscoveryOptions['onError'], 'onError')
    })
    this.basePath = basePath
    this.#client = client
    this.#report = new CallbackReporter(client, this.#onError)
  }

  /** What this one has registered. */
  get registered(): readonly ServiceInstance[] {
    return [...this.#registered.values()].map(({ instance }) => instance)
  }

  /**
   * Registers an instance, and waits until it is there. Defaults: a UUID for the `id`, DYNAMIC, enabled, now. An instance of the
   * same id that is there is replaced, as Curator does: it is an earlier run's. A wait that is given up ends nothing else: see
   * {@link unregister}. Resolves with the instance as it is written.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: it is none, or its id is registered; as {@link PersistentNode.start}
   */
  async register<P = unknown>(
    instance: NewServiceInstance<P>,
    options: WaitOptions = {},
  ): Promise<ServiceInstance<P>> {
    const wait = checkWait(options)
    this.#throwIfClosed()
    const known = this.#known(instance)
    if (known.serviceType === 'DYNAMIC_SEQUENTIAL') {
      throw badArgument('a DYNAMIC_SEQUENTIAL instance cannot be registered')
    }
    const path = this.#pathOf(known.name, known.id)
    if (this.#registered.get(path)?.node.isClosed === false)
      throw badArgument(`${path} is registered; use update()`)
    const node = new PersistentNode(this.#client, path, {
      data: instanceCodec.encode(known),
      mode: known.serviceType === 'DYNAMIC' ? 'ephemeral' : 'persistent',
      parents: 'container',
      ...(this.#onError !== undefined && { onError: this.#onError }),
    })
    this.#registered.set(path, { node, instance: known })
    const isEphemeral = known.serviceType === 'DYNAMIC'
    void this.#removeFormer(path, isEphemeral).then(() => begin(node))
    try {
      await node.waitForCreate(wait)
    } catch (error) {
      if (node.isClosed && this.#registered.get(path)?.node === node) this.#registered.delete(path)
      throw error
    }
    return known
  }

  /**
   * Replaces what an instance of this registration says, its name, id and type excepted. Resolves with the instance when it is
   * written.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: it is not registered here, or is none; as {@link PersistentNode.setData}
   */
  async update<P = unknown>(
    instance: NewServiceInstance<P> & Pick<ServiceInstance<P>, 'id'>,
    options: WaitOptions = {},
  ): Promise<ServiceInstance<P>> {
    const wait = checkWait(options)
    const path = this.#pathOf(instance.name, instance.id)
    const registered = this.#registered.get(path)
    if (registered === undefined) throw badArgument(`${path} is not registered here`)
    const { serviceType, registrationTimeUTC } = registered.instance
    const known = this.#known({ registrationTimeUTC, ...instance, serviceType })
    registered.instance = known
    try {
      await registered.node.setData(instanceCodec.encode(known), wait)
    } catch (error) {
      // Too large: what was there before stays, or what a later call wants.
      if (isRefusal(error)) registered.instance = instanceCodec.decode(registered.node.data)
      throw error
    }
    return known
  }

  /** Deletes an instance of this registration; one that is not registered here stays. @throws as {@link PersistentNode.close} */
  async unregister({ name, id }: Pick<ServiceInstance, 'name' | 'id'>): Promise<void> {
    const path = this.#pathOf(name, id)
    const registered = this.#registered.get(path)
    this.#registered.delete(path)
    await registered?.node.close()
  }

  /** The names of all services, in no order; some may have no instance. @throws {ZnodeError} as getChildren() */
  async names(): Promise<readonly string[]> {
    try {
      return (await this.#client.getChildren(this.basePath)).children
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return []
      throw error
    }
  }

  /**
   * All instances of a service as of now, also those that are not enabled, in the order of their ids.
   * @throws {ZnodeError} as getChildren() and getData()
   */
  async instances(name: string): Promise<readonly ServiceInstance[]> {
    const path = this.#pathOf(name)
    const found: ServiceInstance[] = []
    for (const [id, data] of await readMembers(this.#client, path, 'curator')) {
      const instance = this.#decode(childOf(path, id), data)
      if (instance !== undefined) found.push(instance)
    }
    return found
  }

  /** Instances of a service, followed in memory, one after the other for callers: see {@link ServiceProvider}. */
  provider(name: string, options: ServiceProviderOptions = {}): ServiceProvider {
    this.#throwIfClosed()
    const provider = new ServiceProvider(this.#client, this.#pathOf(name), options, {
      decode: (path, data) => this.#decode(path, data),
      onError: this.#onError,
      onClosed: () => this.#providers.delete(provider),
    })
    this.#providers.add(provider)
    return provider
  }

  /** Unregisters all of its instances, and closes its providers. @throws as {@link PersistentNode.close} */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const provider of [...this.#providers]) await provider.close()
    const nodes = [...this.#registered.values()].map(({ node }) => node)
    this.#registered.clear()
    const closed = await Promise.allSettled(nodes.map((node) => node.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The ephemeral of an earlier run, whose session has not expired yet. What fails is waited for. Never rejects. */
  async #removeFormer(path: string, isEphemeral: boolean): Promise<void> {
    if (!isEphemeral) return
    try {
      const found = await this.#client.exists(path)
      if (found === undefined || found.ephemeralOwner === this.#client.sessionId) return
      await this.#client.delete(path, found.version)
    } catch {
      // Without it, or after its end, the node is created all the same.
    }
  }

  #known<P>(instance: Partial<ServiceInstance<P>>): ServiceInstance<P> {
    const given = checked(() => checkOptions(instance, INSTANCE, 'instance'))
    return checkInstance(given as Partial<ServiceInstance<P>>, {
      id: () => newUuid(systemRandom),
      nowMs: this.#client.clock.now(),
    })
  }

  #pathOf(name: string, id?: string): string {
    const service = checkPath(childOf(this.basePath, name))
    return id === undefined ? service : checkPath(childOf(service, id))
  }

  #decode(path: string, data: Uint8Array | null): ServiceInstance | undefined {
    try {
      return instanceCodec.decode(data)
    } catch (cause) {
      this.#report.offer(new CodecError('no instance of a service', path, cause))
      return undefined
    }
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error('the discovery is closed')
  }
}

/** Without a wait of its own. */
function begin(node: PersistentNode): void {
  node.start({ signal: AbortSignal.abort() }).catch(() => {})
}
