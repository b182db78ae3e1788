/**
 * One instance of a service, as Curator's x-discovery writes it: the JSON of its JsonInstanceSerializer. Pure. Source:
 * ServiceInstance, ServiceType and UriSpec of Curator 5.9. Neighbour: service-discovery.
 */
import { badArgument, checked, checkText, checkWhole, checkWord } from '../arguments.ts'
import { type Codec, jsonCodec } from '../typed-values.ts'

/**
 * What becomes of an instance: `DYNAMIC` is an ephemeral, `STATIC` and `PERMANENT` are persistent, and stay when their process
 * ends without unregistering them. `DYNAMIC_SEQUENTIAL` is Curator's; it is read, not registered.
 */
export type ServiceType = 'DYNAMIC' | 'STATIC' | 'PERMANENT' | 'DYNAMIC_SEQUENTIAL'

/** A template of a URI in parts, Curator's UriSpec: `{ value: 'port', variable: true }` stands for the port. */
export interface ServiceUriSpec {
  /** In their order. */
  readonly parts: readonly { readonly value: string; readonly variable: boolean }[]
}

/** An instance as it is in the registry. */
export interface ServiceInstance<P = unknown> {
  /** Of the service. */
  readonly name: string
  /** Unique in the service; the name of its znode. */
  readonly id: string
  /** A host name or an address. */
  readonly address: string
  /** null: none. */
  readonly port: number | null
  /** null: none. */
  readonly sslPort: number | null
  /**
   * JSON of the service's own; null: none. For readers in Java that give a class, an object has the name of that class as
   * `@class`.
   */
  readonly payload: P | null
  /** ms since 1970. */
  readonly registrationTimeUTC: number
  /** What becomes of it when its process ends. */
  readonly serviceType: ServiceType
  /** null: none. */
  readonly uriSpec: ServiceUriSpec | null
  /** Providers leave out those that are not. */
  readonly enabled: boolean
}

const TYPES = ['DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'] as const
const PORT_MAX = 65_535

/** Fields that may be missing are filled in. @throws {ZnodeError} ZK_BAD_ARGUMENTS: it is no instance */
export function checkInstance<P>(
  given: Partial<ServiceInstance<P>>,
  missing: { readonly id: () => string; readonly nowMs: number },
): ServiceInstance<P> {
  return checked(() => ({
    name: checkName(given.name, 'name'),
    id: given.id === undefined ? missing.id() : checkName(given.id, 'id'),
    address: checkText(given.address, 'address', 'a host name or an address'),
    port: checkPort(given.port, 'port'),
    sslPort: checkPort(given.sslPort, 'sslPort'),
    payload: given.payload ?? null,
    registrationTimeUTC: checkWhole(
      given.registrationTimeUTC ?? missing.nowMs,
      'registrationTimeUTC',
    ),
    serviceType: checkWord(given.serviceType ?? 'DYNAMIC', TYPES, 'serviceType'),
    uriSpec: given.uriSpec ?? null,
    enabled: given.enabled ?? true,
  }))
}

const json = jsonCodec<Partial<ServiceInstance>>((parsed) => {
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not an object')
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null))
})

/**
 * `enabled` is written only when it is false: Curator's default serializer has no such field. Fields that are not known are left
 * out.
 */
export const instanceCodec: Codec<ServiceInstance> = {
  encode({ enabled, ...instance }) {
    return json.encode(enabled ? instance : { ...instance, enabled })
  },
  decode(data) {
    const noId = (): string => {
      throw new TypeError('no id')
    }
    return checkInstance(json.decode(data), { id: noId, nowMs: 0 })
  },
}

function checkName(name: unknown, what: string): string {
  const text = checkText(name, what, 'a name')
  const isName = text !== '' && !text.includes('/') && text !== '.' && text !== '..'
  if (!isName) throw badArgument(`${what} must be a name of a znode, got ${JSON.stringify(text)}`)
  return text
}

function checkPort(port: unknown, what: string): number | null {
  if (port === undefined || port === null) return null
  const known = checkWhole(port, what)
  if (known > PORT_MAX) throw badArgument(`${what} must be at most ${PORT_MAX}, got ${known}`)
  return known
}
