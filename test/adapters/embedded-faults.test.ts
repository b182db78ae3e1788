/** What can happen to a folder: other processes, no rights, damage, no space, another version. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openEmbeddedStore } from '../../adapters/embedded/embedded-store.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { bytes, rejection, text } from '../conformance/support.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

describe('file store faults', function () {
  this.timeout(60_000)
  let folder: string
  const children: Child[] = []

  beforeEach(() => {
    folder = temporaryFolder('file-faults')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) await child.kill()
    removeFolder(folder)
  })

  const put = (store: MetadataStore, name: string, value: string | Uint8Array = name) =>
    store.txn({
      compares: [],
      ops: [
        { type: 'put', key: bytes(name), value: typeof value === 'string' ? bytes(value) : value },
      ],
    })
  const count = async (store: MetadataStore) =>
    (await store.range({ start: bytes('k'), end: bytes('l'), keysOnly: true })).kvs.length
  const hold = (keys = 0): Child => {
    const child = spawnChild({
      name: 'file-store-child',
      command: process.execPath,
      args: [
        '--import',
        'tsx',
        'test/adapters/children/file-store-child.ts',
        `file:${folder}`,
      ].concat(`${keys}`),
    })
    children.push(child)
    return child
  }
  /** Some thousand keys on many pages, closed. */
  const fill = async (keys = 3_000): Promise<void> => {
    const store = await openEmbeddedStore({ folder })
    for (let from = 0; from < keys; from += 500) {
      const ops = Array.from({ length: 500 }, (_, i) => {
        const key = bytes(`k${String(from + i).padStart(6, '0')}`)
        return { type: 'put', key, value: new Uint8Array(170).fill(from & 0xff) } as const
      })
      await store.txn({ compares: [], ops })
    }
    await put(store, 'large', new Uint8Array(30_000))
    await store.close()
  }

  describe('other processes', () => {
    it('a second process is refused with a sentence that names the first', async () => {
      const first = hold()
      await first.waitForLine(/^holding/)
      const second = hold()
      const [line] = await second.waitForLine(/^refused .*/)
      expect(line).to.match(
        /STORE_UNAVAILABLE: .* is in use by process \d+: a file store serves one/,
      )
      expect(line).to.include(`${folder} is in use by process ${first.pid}`)
      const error = await rejection(openEmbeddedStore({ folder }), 'STORE_UNAVAILABLE')
      expect(error.retriable, 'waiting would not help').to.equal(false)
    })

    it('a killed one leaves nothing in the way, and all it was told is there', async () => {
      const first = hold(50)
      await first.waitForLine(/^holding/)
      await first.kill()
      expect(existsSync(join(folder, 'lock'))).to.equal(true)
      const store = await openEmbeddedStore({ folder })
      const { kvs } = await store.range({ start: bytes('child/'), end: bytes('child0') })
      expect(kvs).to.have.length(50)
      await store.close()
      expect(existsSync(join(folder, 'lock')), 'given back').to.equal(false)
    })

    it('of several that find the same dead one, one gets the folder', async () => {
      const first = hold()
      await first.waitForLine(/^holding/)
      await first.kill()
      const next = [hold(), hold(), hold()]
      await Promise.all(next.map((child) => child.waitForLine(/^(holding|refused)/)))
      expect(next.filter((child) => /^holding/m.test(child.output))).to.have.length(1)
      expect(readdirSync(folder).filter((name) => name.startsWith('lock'))).to.have.length(2)
    })

    it('one elsewhere is believed dead only when it has been silent for a while', async () => {
      await fill(500)
      const lock = join(folder, 'lock')
      const elsewhere = { token: 't', pid: 1, host: 'other', space: 'another', startedAt: '1' }
      writeFileSync(lock, JSON.stringify(elsewhere))
      const signs = setInterval(() => writeFileSync(lock, JSON.stringify(elsewhere)), 500)
      const error = await rejection(openEmbeddedStore({ folder }), 'STORE_UNAVAILABLE')
      expect(error.message).to.include('process 1 on other')
      clearInterval(signs)
      const store = await openEmbeddedStore({ folder })
      expect(await count(store)).to.equal(500)
      await store.close()
    })

    it('one whose folder was taken over writes nothing more', async () => {
      const store = await openEmbeddedStore({ folder })
      await put(store, 'k1')
      rmSync(join(folder, 'lock'))
      writeFileSync(join(folder, 'lock'), '{}')
      const error = await rejection(put(store, 'k2'), 'STORE_UNAVAILABLE')
      expect(error.message).to.include('taken over')
      expect(await count(store)).to.equal(1)
      await store.close()
    })
  })

  describe('rights', () => {
    it('a folder that cannot be written is refused', async () => {
      chmodSync(folder, 0o555)
      const error = await asNobody(() =>
        rejection(openEmbeddedStore({ folder }), 'STORE_UNAVAILABLE'),
      )
      expect(error.message).to.include('cannot be written by this user')
      expect(error.retriable).to.equal(false)
      chmodSync(folder, 0o755)
    })

    it('so is what is no folder', async () => {
      const file = join(folder, 'file')
      writeFileSync(file, '')
      for (const path of [file, join(file, 'sub')]) {
        const error = await rejection(openEmbeddedStore({ folder: path }), 'STORE_UNAVAILABLE')
        expect(error.message).to.include('not a folder')
      }
    })
  })

  describe('damage', () => {
    /** Opens it; the sentence it is refused with, or how many keys there are. */
    const outcome = async (): Promise<string | number> => {
      let store: MetadataStore
      try {
        store = await openEmbeddedStore({ folder })
      } catch (error) {
        expect(error).to.be.instanceOf(StoreError)
        return (error as StoreError).message
      }
      const keys = await count(store)
      await put(store, 'k-written-after')
      await store.close()
      return keys
    }

    it('a file cut short is refused, wherever it was cut', async () => {
      await fill()
      const data = join(folder, 'data.mdb')
      const whole = readFileSync(data)
      const end = pagesOf(whole) * 4_096
      for (const size of [0, 1, 4_095, 4_096, 8_192, 100_000, end - 4_096, end - 1]) {
        writeFileSync(data, whole)
        truncateSync(data, size)
        expect(await outcome(), `cut to ${size} bytes`).to.match(/damaged.*Nothing was changed/)
      }
      writeFileSync(data, whole)
      expect(await outcome()).to.equal(3_000)
    })

    it('an overwritten page is refused, or was not in use and nothing is missing', async () => {
      await fill()
      const original = temporaryFolder('file-original')
      cpSync(folder, original, { recursive: true })
      const pages = pagesOf(readFileSync(join(folder, 'data.mdb')))
      const outcomes: (string | number)[] = []
      for (let page = 0; page < pages; page += page < 8 ? 1 : 7) {
        for (const fillWith of [0, 0xa5]) {
          cpSync(original, folder, { recursive: true })
          const file = openSync(join(folder, 'data.mdb'), 'r+')
          writeSync(file, Buffer.alloc(4_096, fillWith), 0, 4_096, page * 4_096)
          outcomes.push(await outcome())
        }
      }
      for (const what of outcomes) {
        if (typeof what === 'number') expect(what).to.equal(3_000)
        else expect(what).to.match(/is damaged: .*\. Nothing was changed; restore/)
      }
      expect(outcomes.filter((what) => typeof what === 'string').length).to.be.at.least(20)
      removeFolder(original)
    })

    it('a single changed byte of a value is refused', async () => {
      await fill()
      const data = join(folder, 'data.mdb')
      const whole = readFileSync(data)
      const at = whole.indexOf(bytes('k002999')) + 80
      whole[at] = whole[at]! ^ 1
      writeFileSync(data, whole)
      expect(await outcome()).to.match(/damaged: a record of table "keys" has a wrong checksum/)
    })

    it('a data file that is gone is refused, not begun anew', async () => {
      await fill()
      rmSync(join(folder, 'data.mdb'))
      expect(await outcome()).to.match(/data.mdb is gone/)
    })
  })

  describe('space', () => {
    it('a small mapSize: a clear error, nothing lost, deletes go on; larger, it goes on', async () => {
      const mapBytes = 4 * 2 ** 20
      let store = await openEmbeddedStore({ folder, mapBytes })
      let written = 0
      const refused = await (async () => {
        for (; ; written++) {
          try {
            await put(store, `k${written}`, new Uint8Array(50_000))
          } catch (error) {
            return error as StoreError
          }
        }
      })()
      expect(refused.code).to.equal('STORE_NO_SPACE')
      expect(refused.outcome).to.equal('unapplied')
      expect(refused.message).to.match(/its mapSize is 4194304: nothing was written; delete/)
      expect(written).to.be.at.least(40)
      expect(await count(store)).to.equal(written)
      await store.txn({ compares: [], ops: [{ type: 'delete', key: bytes('k0') }] })
      await store.txn({ compares: [], ops: [{ type: 'delete', key: bytes('k1') }] })
      await put(store, 'k0', new Uint8Array(50_000))
      expect(statSync(join(folder, 'data.mdb')).size).to.be.at.most(mapBytes + 2 ** 20)
      await store.close()
      store = await openEmbeddedStore({ folder, mapBytes: 2 * mapBytes })
      expect(await count(store)).to.equal(written - 1)
      for (let i = 0; i < 20; i++) await put(store, `k-more${i}`, new Uint8Array(50_000))
      await store.close()
    })

    it('a limit on the size of files: a clear error, nothing lost, and it goes on without it', async function () {
      if (!existsSync('/usr/bin/prlimit')) {
        console.log('      skipped: needs prlimit')
        this.skip()
      }
      // A limit on the size of files fails writes as a full disk does.
      const limit = (bytes: string) =>
        execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:unlimited`])
      const store = await openEmbeddedStore({ folder })
      const { error, printed } = await quietly(async () => {
        try {
          limit('3000000')
          for (let i = 0; i < 100; i++) await put(store, `k${i}`, new Uint8Array(50_000))
        } catch (error) {
          return error as StoreError
        } finally {
          limit('unlimited')
        }
        return undefined
      })
      expect(error?.code, printed).to.be.oneOf(['STORE_NO_SPACE', 'STORE_UNAVAILABLE'])
      expect(error?.outcome).to.equal('unapplied')
      expect(error?.message).to.match(/nothing was written/)
      const before = await count(store)
      expect(before).to.be.at.least(30)
      await put(store, 'k-after', new Uint8Array(50_000))
      await store.close()
      const again = await openEmbeddedStore({ folder })
      expect(await count(again)).to.equal(before + 1)
      await again.close()
    })
  })

  describe('versions', () => {
    it('a format of the future is refused and left alone', async () => {
      await fill(500)
      const format = join(folder, 'FORMAT')
      expect(readFileSync(format, 'utf8')).to.equal('anykeeper file store, format 1\n')
      writeFileSync(format, 'anykeeper file store, format 2\n')
      const error = await rejection(openEmbeddedStore({ folder }), 'STORE_UNAVAILABLE')
      expect(error.message).to.include(
        'written in format 2, this version of anykeeper reads format 1',
      )
      writeFileSync(format, 'anykeeper file store, format 1\n')
      const store = await openEmbeddedStore({ folder })
      expect(await count(store)).to.equal(500)
      await store.close()
    })

    it('without the driver openStore and backupFileStore say what to install', async () => {
      await (await openEmbeddedStore({ folder: join(folder, 'data') })).close()
      const child = fileURLToPath(new URL('children/without-lmdb.ts', import.meta.url))
      const args = ['--import', 'tsx', child, `file:${join(folder, 'data')}`, folder]
      const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
      expect(lines).to.have.length(2)
      for (const line of lines) {
        expect(line).to.match(/^STORE_UNSUPPORTED: .*npm install lmdb$/)
      }
    })
  })

  it('a first start that was ended early is started again', async () => {
    writeFileSync(join(folder, 'data.mdb'), '')
    const store = await openEmbeddedStore({ folder })
    await put(store, 'k1')
    expect(text((await store.range({ start: bytes('k1') })).kvs[0]!.value)).to.equal('k1')
    await store.close()
  })
})

/** Behind them are blocks for the next ones. */
function pagesOf(data: Buffer): number {
  const lastPage = [0, 4_096].map((meta) => Number(data.readBigUInt64LE(meta + 24 + 120)))
  return Math.max(...lastPage) + 1
}

/** Root may write everywhere, so it becomes nobody for the time. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid!(65_534)
  try {
    return await run()
  } finally {
    process.seteuid!(0)
  }
}

/** The driver prints its own failures. */
async function quietly<T>(run: () => Promise<T>): Promise<{ error: T; printed: string }> {
  const { error: original } = console
  let printed = ''
  console.error = (...args: unknown[]) => {
    printed += args.join(' ')
  }
  try {
    return { error: await run(), printed }
  } finally {
    console.error = original
  }
}
