/** Debian packages, installed when they are missing and this process may do so. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { timed } from './log.mjs'
import { outputOf, runQuiet, which } from './run.mjs'

/** apt-get holds one lock for all, and waits for it only in part: one at a time. */
let turn = Promise.resolve()

const policyFile = '/usr/sbin/policy-rc.d'

/**
 * Installs those of `packages` that are missing.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string | undefined>} why some are still missing, in one line
 */
export function ensureDebian(packages) {
  const result = turn.then(() => installMissing(packages))
  turn = result.catch(() => {})
  return result
}

async function installMissing(packages) {
  if (which('dpkg-query') === undefined || which('apt-get') === undefined) {
    return `not a Debian machine, so no ${packages.join(' ')}`
  }
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return undefined
  const list = missing.join(' ')
  if (process.getuid?.() !== 0) return `not root, so not installed: apt-get install ${list}`
  try {
    await timed(`apt-get install ${list}`, () => install(missing))
    return undefined
  } catch (error) {
    const line = error.message.split('\n').find((text) => text.startsWith('E:'))
    return `apt-get install ${list} failed: ${line ?? error.message.split('\n')[0]}`
  }
}

function isInstalled(name) {
  const status = outputOf('dpkg-query', ['--status', name], { stdio: ['ignore', 'pipe', 'ignore'] })
  return /^Status: \w+ ok installed$/m.test(status ?? '')
}

async function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  // Debian asks this file before it starts a service: the tests start their own servers.
  const ownPolicy = !existsSync(policyFile)
  if (ownPolicy) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await runQuiet('apt-get', [...wait, '-q', 'update'], { env })
    await runQuiet(
      'apt-get',
      [...wait, '-q', '-y', '--no-install-recommends', 'install', ...packages],
      { env },
    )
  } finally {
    if (ownPolicy) rmSync(policyFile, { force: true })
  }
}
