/**
 * The packages that anykeeper brings along, and the notices that their licences ask for: those of `dependencies`, and the drivers that
 * users install beside it. Found in package-lock.json; licences are read by license-checker.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { init, type ModuleInfo } from 'license-checker-rseidelsohn'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Of package-lock.json, what is read here. */
interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}
interface LockedPackage {
  readonly version: string
  readonly os?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Optional peers that are no test runner. */
const drivers = ['etcd3', 'ioredis']

/** Their places in package-lock.json, such as node_modules/pino, sorted. */
function broughtAlong({ packages }: Lock): string[] {
  const found = new Set<string>()
  const add = (name: string, from: string): void => {
    const place = placeOf(packages, name, from)
    // An optional one for another system may be absent.
    if (place === undefined || found.has(place)) return
    found.add(place)
    const { dependencies, optionalDependencies } = packages[place]!
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) add(other, place)
  }
  const { dependencies, optionalDependencies } = packages['']!
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) add(name, '')
  for (const name of drivers) add(name, '')
  return [...found].sort()
}

/** As Node looks for it: beside the one that needs it, then in each folder above. */
function placeOf(packages: Lock['packages'], name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/'))) {
    const place = `${folder}${folder === '' || folder.endsWith('/') ? '' : '/'}node_modules/${name}`
    if (packages[place] !== undefined) return place
    if (folder === '') return undefined
    folder = folder.replace(/\/$/, '')
  }
}

/** package.json and package-lock.json of nothing but what is brought along. */
export function manifestsOfAll(): { readonly manifest: unknown; readonly lock: unknown } {
  const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))
  const {
    name,
    version,
    description,
    license,
    dependencies,
    optionalDependencies,
    devDependencies,
  } = read('package.json')
  const ofDrivers = Object.fromEntries(drivers.map((driver) => [driver, devDependencies[driver]]))
  const manifest = {
    ...{ name, version, description, license, optionalDependencies },
    dependencies: { ...dependencies, ...ofDrivers },
  }
  const lock = read('package-lock.json')
  const packages = broughtAlong(lock).map((place) => {
    // Of the drivers: here they are tools of the tests.
    const { dev, devOptional, ...rest } = lock.packages[place]
    return [place, rest]
  })
  return {
    manifest,
    lock: { ...lock, packages: { '': manifest, ...Object.fromEntries(packages) } },
  }
}

const head = `Third-party notices

anykeeper itself is under the Apache License 2.0: LICENSE. It brings the packages below along when it is installed, and so does its image;
the published package contains none of their code. etcd3 and ioredis with what they need are installed by users of these stores.
Written by: npm run notices
`

/** The text of THIRD_PARTY_NOTICES. A package for one system alone is named, and has the licence of the one that needs it. */
export async function notices(): Promise<string> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  const places = broughtAlong(lock)
  const found = await promisify(init)({ start: root })
  const byFolder = new Map(Object.values(found).map((one) => [one.path, one]))
  // Many have the same text, word for word.
  const titlesByText = new Map<string, string[]>()
  for (const place of places) {
    const { version, os } = lock.packages[place]!
    const name = place.split('node_modules/').at(-1)!
    const one = byFolder.get(join(root, place))
    if (one === undefined && os === undefined) throw new Error(`${place} is not installed: npm ci`)
    const [title, text] =
      os === undefined
        ? [`${name} ${version}: ${licencesOf(one!)}`, textOf(one!)]
        : [
            `${name} ${version}: for ${os.join(', ')} alone`,
            `The licence is that of ${familyOf(name)}.`,
          ]
    titlesByText.set(text, [...(titlesByText.get(text) ?? []), title])
  }
  const parts = [...titlesByText].map(([text, titles]) => `${titles.join('\n')}\n\n${text}\n`)
  return [head, ...parts].join(`\n${'-'.repeat(80)}\n\n`)
}

const licencesOf = ({ licenses, repository }: ModuleInfo): string =>
  [[licenses].flat().join(' and '), repository].filter((part) => part).join('  ')

const familyOf = (name: string): string => name.replace(/^@([\w-]+)\/.*/, '$1')

/** A README that names the licence is no text of a licence. */
function textOf({ licenseFile, publisher }: ModuleInfo): string {
  const isText =
    licenseFile !== undefined && existsSync(licenseFile) && !/readme/i.test(licenseFile)
  if (isText) return readFileSync(licenseFile, 'utf8').replace(/\r/g, '').trim()
  return `No text of the licence is in the package.${publisher ? ` Its author: ${publisher}.` : ''}`
}
