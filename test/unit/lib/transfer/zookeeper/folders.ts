/** Folders of ZooKeeper’s files, from the captures or made up. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  readZookeeper,
  type ZookeeperFolder,
  type ZookeeperOptions,
  type ZookeeperRestore,
} from '../../../../../lib/index.ts'
import { Adler32 } from '../../../../../lib/transfer/zookeeper/adler32.ts'

const FIXTURES = new URL('../../../../copy/fixtures/zookeeper/', import.meta.url)

/** Where there are captures. */
export const VERSIONS = ['3.4.14', '3.6.4', '3.8.0', '3.9.5'] as const
export type Version = (typeof VERSIONS)[number]

export type Files = Map<string, Buffer>

/** What a client read of the captured server just before it ended. */
export interface Picture {
  readonly zxid: number
  readonly session: string
  readonly password: string
  readonly timeoutMs: number
  readonly znodes: Record<string, PictureZnode>
}
export interface PictureZnode {
  readonly data: string | null
  readonly stat: Record<string, number> & { readonly ephemeralOwner: string }
  readonly acl: readonly { perms: number; scheme: string; id: string }[]
  readonly children: readonly string[]
}

export function captured(version: Version): Files {
  const folder = new URL(`${version}/`, FIXTURES)
  return new Map(
    readdirSync(fileURLToPath(folder)).map((name) => [name, readFileSync(new URL(name, folder))]),
  )
}

export function pictureOf(version: Version): Picture {
  return JSON.parse(captured(version).get('picture.jsonl')!.toString())
}

/** The oldest first. */
export function snapshotsOf(files: Files): string[] {
  return [...files.keys()].filter((name) => name.startsWith('snapshot.')).sort(byZxid)
}
export function logsOf(files: Files): string[] {
  return [...files.keys()].filter((name) => name.startsWith('log.')).sort(byZxid)
}
const byZxid = (a: string, b: string) => zxidIn(a) - zxidIn(b)
const zxidIn = (name: string) => Number.parseInt(name.split('.')[1]!, 16)

/** `size`: of the pieces in which the bytes come. */
export function folderOf(files: Files, { name = 'folder', size = 65_536 } = {}): ZookeeperFolder {
  return {
    name,
    list: async () => [...files.keys()],
    *open(file) {
      const bytes = files.get(file)!
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    },
  }
}

/** Snapshots and logs of one folder. */
export function restore(
  files: Files,
  options: Partial<ZookeeperOptions> & { readonly size?: number } = {},
): Promise<ZookeeperRestore> {
  const { size, ...more } = options
  const folder = folderOf(files, size === undefined ? {} : { size })
  return readZookeeper({ snapshots: folder, logs: folder, ...more })
}

export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  )
}

export const textOf = ({ tree }: ZookeeperRestore): string => [...tree].join('')

/** All but some files. */
export function without(files: Files, ...names: readonly string[]): Files {
  return new Map([...files].filter(([name]) => !names.includes(name)))
}
export function changed(files: Files, name: string, change: (bytes: Buffer) => Buffer): Files {
  return new Map([...files, [name, change(Buffer.from(files.get(name)!))]])
}

/** A file’s header. */
export function header(magic: 'ZKSN' | 'ZKLG', dbid = 0n, version = 2): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.write(magic)
  bytes.writeInt32BE(version, 4)
  bytes.writeBigInt64BE(dbid, 8)
  return bytes
}

/** Behind a snapshot’s body. */
export function sealed(body: Buffer): Buffer {
  const seal = Buffer.alloc(13)
  seal.writeBigInt64BE(BigInt(new Adler32().update(body).value))
  seal.writeInt32BE(1, 8)
  seal.write('/', 12)
  return Buffer.concat([body, seal])
}
