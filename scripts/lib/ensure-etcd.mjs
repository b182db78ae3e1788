/** An etcd to run: from PATH, from the cache, built with Go, or Debian's old one. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { ensureDebian } from './ensure-debian.mjs'
import { timed } from './log.mjs'
import { outputOf, runQuiet, which } from './run.mjs'
import { isMaintainedEtcd, versions } from './versions.mjs'

const debianEtcd = '/usr/bin/etcd'

/** Builds the program main() of the server's module; etcdctl comes from its own module. */
const mainGo = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`

/**
 * A maintained etcd.
 *
 * @returns {Promise<{path: string, version: string} | {problem: string}>}
 */
export async function ensureEtcd() {
  const onPath = which('etcd')
  const version = onPath && etcdVersion(onPath)
  if (version && isMaintainedEtcd(version)) return { path: onPath, version }
  try {
    const folder = await cached(`etcd-${versions.etcd}`, buildWithEtcdctl)
    return { path: join(folder, 'etcd'), version: versions.etcd }
  } catch (error) {
    const found = version ? `the one on PATH is ${version}, too old` : 'none on PATH'
    return { problem: `no maintained etcd: ${found}; ${firstLine(error)}` }
  }
}

/**
 * The oldest etcd that is supported, or the next release line: for the store's suite, server alone.
 *
 * @param {'3.5' | '3.7'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensureOtherEtcd(line) {
  const version = versions.etcdOthers[line]
  try {
    await cached(`etcd-${version}`, (folder) => build(version, folder))
    return undefined
  } catch (error) {
    return `no etcd ${version}: ${firstLine(error)}`
  }
}

/**
 * Debian's etcd, which is not maintained upstream any more.
 *
 * @returns {Promise<{path: string, version: string} | {problem: string}>}
 */
export async function ensureDebianEtcd() {
  const problem = await ensureDebian(['etcd-server'])
  const version = etcdVersion(debianEtcd)
  return version ? { path: debianEtcd, version } : { problem: problem ?? 'no etcd in etcd-server' }
}

/** @returns {string | undefined} the version that this program says it is */
export function etcdVersion(path) {
  return /etcd Version: (\d+\.\d+\.\d+)/.exec(outputOf(path, ['--version']) ?? '')?.[1]
}

const compile = ['build', '-trimpath', '-ldflags=-s -w', '-o']

function buildWithEtcdctl(folder) {
  return build(versions.etcd, folder, async (run) => {
    const program = 'go.etcd.io/etcd/etcdctl/v3'
    await run('get', `${program}@v${versions.etcd}`)
    await run(...compile, join(folder, 'etcdctl'), program)
  })
}

/**
 * `go install pkg@version` refuses etcd's modules for their replace directives: hence a module.
 * `more` runs in it before it is removed.
 */
async function build(version, folder, more = async () => {}) {
  const go = which('go')
  if (go === undefined) throw new Error(`no Go to build etcd ${version} with`)
  await timed(`building etcd ${version} with Go, once (about a minute)`, async () => {
    const source = join(folder, 'source')
    mkdirSync(source)
    writeFileSync(join(source, 'main.go'), mainGo)
    const run = (...args) => runQuiet(go, args, { cwd: source })
    await run('mod', 'init', 'etcd')
    // The package, not the module: what only its tests need is left out, so no `mod tidy` is needed.
    await run('get', `go.etcd.io/etcd/server/v3/etcdmain@v${version}`)
    await run(...compile, join(folder, 'etcd'), '.')
    await more(run)
    rmSync(source, { recursive: true })
  })
}

/** Imports what is built, so that it is in the module's graph. */
const etcdutlGo = `package main

import _ "go.etcd.io/etcd/etcdutl/v3/etcdutl"

func main() {}
`

/**
 * etcd's program for data at rest, which restores snapshots.
 *
 * @returns {Promise<{path: string} | {problem: string}>}
 */
export async function ensureEtcdutl() {
  try {
    const folder = await cached(`etcdutl-${versions.etcd}`, buildEtcdutl)
    return { path: join(folder, 'etcdutl') }
  } catch (error) {
    return { problem: firstLine(error) }
  }
}

async function buildEtcdutl(folder) {
  const go = which('go')
  if (go === undefined) throw new Error(`no Go to build etcdutl ${versions.etcd} with`)
  await timed(`building etcdutl ${versions.etcd} with Go, once`, async () => {
    const source = join(folder, 'source')
    mkdirSync(source)
    writeFileSync(join(source, 'main.go'), etcdutlGo)
    const module = 'go.etcd.io/etcd/etcdutl/v3'
    const run = (...args) => runQuiet(go, args, { cwd: source })
    await run('mod', 'init', 'etcdutl')
    await run('get', `${module}@v${versions.etcd}`)
    await run('build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, 'etcdutl'), module)
    rmSync(source, { recursive: true })
  })
}

function firstLine(error) {
  return error.message.split('\n').slice(0, 2).join(': ')
}
