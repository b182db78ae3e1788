/** A pod of a manifest without Kubernetes: what kubelet makes of its text, as a process of this machine. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, type ChildExit, spawnChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { deployFolder, type Manifest, manifest } from './chart.ts'
import { lastOf, listOf, stagesOf } from './dockerfile.ts'

const NAMESPACE = 'kafka'
const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** Where the image has its two files, and where they are here. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  '/nodejs/bin/node': [process.execPath],
  '/app/dist/cli.js': [built],
}

/** Where a container listens, and what it says of itself to others. */
const OWN_PORT = /(0\.0\.0\.0|127\.0\.0\.1|\.svc|:\/\/):(\d+)/g

export interface PodSurroundings {
  /** The pod's own folder: what is mounted is below it. */
  readonly folder: string
  /** Text by key, by name of the Secret. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Of the StatefulSet's pods. Default 0. */
  readonly index?: number
  /** Programs of an image, and the words that start them here. */
  readonly programs?: Readonly<Record<string, readonly string[]>>
  /** Text that is another one here: addresses of the cluster. */
  readonly places?: Readonly<Record<string, string>>
  /** Those of the pod before, which this one replaces. */
  readonly ports?: ReadonlyMap<number, number> | undefined
  /** What stands for a network of the pod's own; the manifest has none of these variables. */
  readonly env?: Readonly<Record<string, string>>
}

export interface PodEnd extends ChildExit {
  /** From the deletion of the pod, with preStop. */
  readonly isInGracePeriod: boolean
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: number | string }
  readonly tcpSocket?: { readonly port: number | string }
  readonly timeoutSeconds?: number
  readonly successThreshold?: number
}

/** One container, as all pods here have. A port of the manifest is a free one of this machine. */
export class Pod {
  readonly child: Child
  /** By the number in the manifest. */
  readonly ports: ReadonlyMap<number, number>
  // biome-ignore lint/suspicious/noExplicitAny: a manifest
  readonly #spec: any

  // biome-ignore lint/suspicious/noExplicitAny: a manifest
  private constructor(spec: any, ports: ReadonlyMap<number, number>, child: Child) {
    this.#spec = spec
    this.ports = ports
    this.child = child
  }

  /** The first pod of the workload. Rejects when a volume has not what it names, as kubelet does not start it then. */
  static async start(
    all: readonly Manifest[],
    workload: Manifest,
    surroundings: PodSurroundings,
  ): Promise<Pod> {
    const { spec } = workload.spec.template
    const [container, ...more] = spec.containers
    if (more.length > 0 || spec.initContainers !== undefined) throw new Error('not one container')
    const ports = new Map(surroundings.ports)
    for (const { containerPort } of container.ports) {
      if (!ports.has(containerPort)) ports.set(containerPort, await freePort())
    }
    const here = placesOf(container, ports, surroundings)
    mountVolumes(all, workload, surroundings, here)
    const env = environmentOf(container, workload.metadata.name, surroundings.index ?? 0)
    const expand = (text: string): string => here(expanded(text, env))
    const programs = { ...PROGRAMS, ...surroundings.programs }
    const command: string[] = container.command ?? entryPoint()
    const [program, ...first] = command.flatMap((word) => programs[word] ?? expand(word))
    const child = spawnChild({
      name: workload.metadata.name,
      command: program!,
      args: [...first, ...(container.args ?? []).map(expand)],
      env: {
        ...Object.fromEntries(ownNames().map((name) => [name, undefined])),
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)])),
        ...surroundings.env,
      },
      cwd: surroundings.folder,
    })
    return new Pod(spec, ports, child)
  }

  get gracePeriodSeconds(): number {
    return this.#spec.terminationGracePeriodSeconds ?? 30
  }

  /** The free port of this machine that stands for the container's port of that name. */
  port(name: string): number {
    const found = this.#container.ports.find((port: { name: string }) => port.name === name)
    if (found === undefined) throw new Error(`no port ${name}`)
    return this.ports.get(found.containerPort)!
  }

  /** One look, as kubelet has it: 2xx and 3xx in time are a success. */
  async probe(kind: 'liveness' | 'readiness' | 'startup'): Promise<boolean> {
    const { httpGet, tcpSocket, timeoutSeconds = 1 } = this.#probe(kind)
    const timeoutMs = timeoutSeconds * 1_000
    const named = (httpGet ?? tcpSocket)?.port
    const port = typeof named === 'string' ? this.port(named) : this.ports.get(named ?? 0)
    if (port === undefined) throw new Error(`the ${kind} probe is of another kind`)
    if (httpGet === undefined) return connects(port, timeoutMs)
    const answer = await http(port, httpGet.path, { timeoutMs }).catch(() => undefined)
    return answer !== undefined && answer.status >= 200 && answer.status < 400
  }

  /** As many successes as the probe wants, one after the other; the time between them is not waited for. */
  async becomesReady(): Promise<void> {
    const { successThreshold = 1 } = this.#probe('readiness')
    let successes = 0
    await this.child.waitUntil('readiness', async () => {
      successes = (await this.probe('readiness')) ? successes + 1 : 0
      return successes >= successThreshold
    })
  }

  /**
   * preStop, then SIGTERM; SIGKILL when the grace period is over.
   * @param meanwhile Runs when SIGTERM was sent.
   */
  async terminate(meanwhile: () => Promise<void> = async () => {}): Promise<PodEnd> {
    const over = new AbortController()
    let isInGracePeriod = true
    const period = sleep(this.gracePeriodSeconds * 1_000, undefined, { signal: over.signal }).then(
      () => {
        isInGracePeriod = false
        this.child.signal('SIGKILL')
      },
      () => {},
    )
    const { preStop, ...hooks } = this.#container.lifecycle ?? {}
    const { sleep: pause, ...others } = preStop ?? {}
    if (Object.keys({ ...hooks, ...others }).length > 0) throw new Error('a hook of another kind')
    await sleep((pause?.seconds ?? 0) * 1_000)
    this.child.signal('SIGTERM')
    await meanwhile()
    const exit = await this.child.exited
    over.abort()
    await period
    return { ...exit, isInGracePeriod }
  }

  // biome-ignore lint/suspicious/noExplicitAny: a manifest
  get #container(): any {
    return this.#spec.containers[0]
  }

  #probe(kind: string): Probe {
    const probe = this.#container[`${kind}Probe`]
    if (probe === undefined) throw new Error(`no ${kind} probe`)
    return probe
  }
}

async function connects(port: number, timeoutMs: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Settings of this process are none of a container's. */
const ownNames = (): string[] =>
  Object.keys(process.env).filter((name) => /^(?:ANYKEEPER_|ETCD_|NODE_OPTIONS$)/.test(name))

function entryPoint(): string[] {
  const stages = stagesOf(readFileSync(join(deployFolder, 'image', 'Dockerfile'), 'utf8'))
  return listOf(lastOf(stages.at(-1)!, 'ENTRYPOINT'))
}

/** Text of the container in words of this machine: paths that are mounted, ports, addresses. */
function placesOf(
  // biome-ignore lint/suspicious/noExplicitAny: a manifest
  container: any,
  ports: ReadonlyMap<number, number>,
  { folder, places = {} }: PodSurroundings,
): (text: string) => string {
  const given = Object.entries(places)
  const mounts: string[] = container.volumeMounts.map(
    ({ mountPath }: { mountPath: string }) => mountPath,
  )
  // The longest first: a mount may be below another one.
  const paths = mounts.sort((a, b) => b.length - a.length).join('|')
  const mounted = new RegExp(`(?<![\\w/.-])(?:${paths})(?![\\w-])`, 'g')
  return (text) => {
    let here = text
    for (const [from, to] of given) here = here.replaceAll(from, to)
    here = here.replaceAll(OWN_PORT, (all, host, port) => {
      const free = ports.get(Number(port))
      return free === undefined ? all : `${host}:${free}`
    })
    return here.replaceAll(mounted, (path) => join(folder, path))
  }
}

/** Files of ConfigMaps and Secrets where the container has them; only paths and addresses in them are others. */
function mountVolumes(
  all: readonly Manifest[],
  workload: Manifest,
  { folder, secrets = {} }: PodSurroundings,
  here: (text: string) => string,
): void {
  const { spec } = workload.spec.template
  for (const { name, mountPath } of spec.containers[0].volumeMounts) {
    mkdirSync(join(folder, mountPath), { recursive: true })
    const claims: Manifest[] = workload.spec.volumeClaimTemplates ?? []
    if (claims.some(({ metadata }) => metadata.name === name)) continue
    const volume = (spec.volumes ?? []).find((one: { name: string }) => one.name === name)
    if (volume === undefined) throw new Error(`no volume ${name}`)
    if (volume.emptyDir !== undefined) continue
    const { configMap, secret } = volume
    if ((configMap ?? secret) === undefined) throw new Error(`volume ${name} is of another kind`)
    const data = configMap
      ? manifest(all, 'ConfigMap', configMap.name).data!
      : secrets[secret.secretName]
    if (data === undefined) throw new Error(`no Secret ${secret.secretName}`)
    const items: { key: string; path: string }[] =
      (configMap ?? secret).items ?? Object.keys(data).map((key) => ({ key, path: key }))
    for (const { key, path } of items) {
      if (data[key] === undefined) throw new Error(`volume ${name}: no key ${key}`)
      const file = join(folder, mountPath, path)
      mkdirSync(dirname(file), { recursive: true })
      const text = configMap ? here(data[key]) : data[key]
      writeFileSync(file, text, { mode: secret === undefined ? 0o644 : 0o440 })
    }
  }
}

/** Each variable with those before it, and what the pod knows of itself. */
// biome-ignore lint/suspicious/noExplicitAny: a manifest
function environmentOf(container: any, name: string, index: number): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': `${name}-${index}`,
    "metadata.labels['apps.kubernetes.io/pod-index']": `${index}`,
    'metadata.namespace': NAMESPACE,
    'status.podIP': '127.0.0.1',
  }
  const env: Record<string, string> = {}
  for (const variable of container.env ?? []) {
    const found = variable.value ?? fields[variable.valueFrom?.fieldRef?.fieldPath]
    if (found === undefined) throw new Error(`variable ${variable.name} is of another kind`)
    env[variable.name] = expanded(found, env)
  }
  return env
}

const expanded = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\((\w+)\)/g, (all, name) => env[name] ?? all)
