/** What a proxy, its admin port and the doctor are given. Neighbour: doors. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  connect,
  Keeper,
  PERMS,
  readTree,
  silentLogger,
  systemClock,
  type ZooKeeper,
} from '../../../lib/internal.ts'
import {
  AdminServer,
  AuditFile,
  type AuthProvider,
  AuthProviders,
  CompareServer,
  checkAdminTls,
  checkSecureOptions,
  clientSource,
  examineKafka,
  ProxyServer,
  parseSaslUsers,
  treeSource,
  type ZnodeSource,
} from '../../../proxy/index.ts'
import { target } from '../../unit/lib/copy/bench.ts'
import { PlantedKafka } from '../../unit/proxy/doctor/planted-kafka.ts'
import { type Certificate, makeCertificates } from '../certificates.ts'
import { freePort } from '../free-port.ts'
import { type DoorCall, type DoorRow, failing, type Place } from './place.ts'
import { wrong } from './rows.ts'

const HERE = '127.0.0.1'
const keeperOf = async (place: Place): Promise<Keeper> =>
  place.closing(await Keeper.open({ store: target() }))

/** Files that are there, and no certificates. */
function noCertificates({ folder }: Place): Certificate {
  const file = join(folder, 'none.pem')
  writeFileSync(file, 'nothing')
  return { cert: file, key: file }
}
/** They become unusable with `spoil`. */
function certificates({ folder }: Place): { readonly files: Certificate; spoil(): void } {
  const { server } = makeCertificates(folder)
  const files = { cert: join(folder, 'own.pem'), key: join(folder, 'own.key') }
  copyFileSync(server.cert, files.cert)
  copyFileSync(server.key, files.key)
  return { files, spoil: () => writeFileSync(files.cert, 'nothing') }
}
const secure = (files: Certificate) =>
  ({ files, port: 0, clientAuth: 'none', reload: false }) as const
const tls = (files: Certificate) => ({ files, reload: false })

const admin = (place: Place, options: Parameters<typeof AdminServer.listen>[0] = {}) =>
  AdminServer.listen({ port: 0, ...options }).then((opened) => place.closing(opened))
const proxy = async (place: Place, options: Parameters<typeof ProxyServer.listen>[1] = {}) =>
  place.closing(await ProxyServer.listen(await keeperOf(place), { port: 0, ...options }))
const compare = async (place: Place, port: number) => {
  const server = { host: HERE, port: await freePort() }
  const options = { host: HERE, port, candidate: server, oracle: server }
  return place.closing(await CompareServer.listen(options, silentLogger))
}
/** One that is taken. */
const taken = async (place: Place): Promise<number> => (await admin(place)).port

const servers: Readonly<Record<string, DoorRow>> = {
  'ProxyServer.listen': {
    Error: async (place) => proxy(place, { host: HERE, port: await taken(place) }),
    TlsError: (place) => proxy(place, { secure: secure(noCertificates(place)) }),
  },
  'ProxyServer.reloadCertificates': {
    TlsError: [
      async (place) => (await proxy(place)).reloadCertificates(),
      async (place) => {
        const { files, spoil } = certificates(place)
        const server = await proxy(place, { secure: secure(files) })
        spoil()
        return server.reloadCertificates()
      },
    ],
  },
  'AdminServer.listen': {
    Error: async (place) => admin(place, { port: await taken(place) }),
    TlsError: (place) => admin(place, { tls: tls(noCertificates(place)) }),
  },
  'AdminServer.listenForMetrics': {
    Error: async (place) => {
      const server = await admin(place)
      return server.listenForMetrics(HERE, server.port)
    },
  },
  'AdminServer.reloadCertificates': {
    TlsError: [
      async (place) => (await admin(place)).reloadCertificates(),
      async (place) => {
        const { files, spoil } = certificates(place)
        const server = await admin(place, { tls: tls(files) })
        spoil()
        return server.reloadCertificates()
      },
    ],
  },
  'CompareServer.listen': { Error: async (place) => compare(place, await taken(place)) },
  'CompareServer.openCandidate': {
    Error: async (place) => (await compare(place, 0)).openCandidate(),
  },
}

const provider = (scheme: unknown, more: object = {}): AuthProvider =>
  wrong({ scheme, authenticate: () => undefined, isValid: () => true, ...more })
const provided =
  (...providers: AuthProvider[]): DoorCall =>
  () =>
    new AuthProviders(providers)

const options: Readonly<Record<string, DoorRow>> = {
  checkAdminTls: { TlsError: (place) => checkAdminTls(tls(noCertificates(place))) },
  checkSecureOptions: {
    TlsError: [
      (place) => checkSecureOptions(secure(noCertificates(place))),
      ({ folder }) => {
        const none = join(folder, 'none')
        checkSecureOptions(secure({ cert: none, key: none }))
      },
      (place) => {
        const { files } = certificates(place)
        checkSecureOptions({ ...secure(files), minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' })
      },
    ],
  },
  'AuditFile.check': {
    Error: [
      ({ folder }) => AuditFile.check(join(folder, 'none', 'audit.log')),
      ({ folder }) => AuditFile.check(folder),
    ],
  },
  'AuditFile.open': {
    Error: [
      ({ folder }) => AuditFile.open({ file: join(folder, 'none', 'audit.log') }),
      ({ folder }) => AuditFile.open({ file: folder }),
    ],
  },
  'AuthProviders.new': {
    TypeError: [
      provided(provider(undefined)),
      provided(provider('own', { isValid: undefined })),
      provided(provider('own'), provider('own')),
      provided(provider('digest')),
    ],
  },
  parseSaslUsers: { Error: [() => parseSaslUsers('no user'), () => parseSaslUsers('')] },
}

/** A client that may read nothing below `/closed`, ended before the call with `isOver`. */
async function source(place: Place, isOver = false): Promise<ZnodeSource> {
  const keeper = await keeperOf(place)
  const owner = await clientOf(keeper, place, 'a:b')
  const acl = [{ perms: PERMS.ALL, id: { scheme: 'auth', id: '' } }]
  await owner.create('/closed', null, { acl })
  const client = await clientOf(keeper, place)
  if (isOver) await client.close()
  return clientSource(client)
}
async function clientOf(keeper: Keeper, place: Place, user?: string): Promise<ZooKeeper> {
  const auth = user === undefined ? [] : [{ scheme: 'digest', auth: Buffer.from(user) }]
  return place.closing(await connect(keeper, { auth }))
}
/** A proxy that ends while it is asked. */
async function lost(place: Place): Promise<ZnodeSource> {
  const server = await proxy(place)
  const client = await connect(`zk://${HERE}:${server.port}`)
  place.closing(client)
  await server.close()
  return clientSource(client)
}

const doctor: Readonly<Record<string, DoorRow>> = {
  examineKafka: {
    DoctorError: [
      async (place) => examineKafka(await source(place)),
      () => {
        const kafka = PlantedKafka.healthy()
        kafka.forbidden.add('/controller')
        return examineKafka(kafka)
      },
    ],
    ZnodeError: async (place) => examineKafka(await source(place, true)),
  },
  'ZnodeSource.read': {
    ZK_NO_AUTH: async (place) => (await source(place)).read('/closed'),
    ZK_CONNECTION_LOSS: async (place) => (await lost(place)).read('/closed'),
  },
  'ZnodeSource.children': {
    ZnodeError: async (place) => (await source(place)).children('/closed'),
  },
  'ZnodeSource.refresh': {
    ZnodeError: async (place) => (await source(place, true)).refresh(),
  },
  treeSource: {
    own: () => treeSource(() => readTree({ store: failing() }), systemClock),
  },
}

export const proxies: Readonly<Record<string, DoorRow>> = { ...servers, ...options, ...doctor }
