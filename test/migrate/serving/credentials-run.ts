/** The commands of phase-two-command, on an ensemble with TLS between its servers and on one with a login by DIGEST-MD5. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { TestAuthority } from '../../support/test-authority.ts'
import { QUORUM_LOGIN, startSaslLeader, startTlsLeader } from '../guarded-leader.ts'
import { phaseTwoByCommand } from './phase-two-command.ts'

/** TLS, of 3.9. */
export function tlsRun(): Promise<void> {
  return inFolder(async (folder) => {
    const authority = new TestAuthority(folder, 'ensemble')
    const stranger = new TestAuthority(folder, 'stranger')
    const { cert, key } = authority.issue('commands')
    const own = ['--quorum-cert', cert, '--quorum-key', key]
    const { server } = await startTlsLeader(folder, authority)
    await phaseTwoByCommand(server, {
      right: ['--quorum-ca', authority.ca, ...own],
      wrong: ['--quorum-ca', stranger.ca, ...own],
      why: /its certificate is not of an authority/,
    }).finally(() => server.stop())
  })
}

/** SASL, of 3.8. */
export function saslRun(): Promise<void> {
  return inFolder(async (folder) => {
    const { server } = await startSaslLeader(folder)
    await phaseTwoByCommand(server, {
      right: loginFlags(folder, QUORUM_LOGIN),
      wrong: loginFlags(folder, { ...QUORUM_LOGIN, password: 'wrong' }),
      why: /refused the login of .*SASL DIGEST-MD5/,
    }).finally(() => server.stop())
  })
}

/** The password is in a file of this folder. */
export function loginFlags(
  folder: string,
  { user, password }: { user: string; password: string },
): readonly string[] {
  const file = join(folder, `password-${Buffer.from(password).toString('hex')}`)
  writeFileSync(file, `${password}\n`)
  return ['--quorum-user', user, '--quorum-password-file', file]
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder('quorum-commands')
  try {
    await run(folder)
  } finally {
    removeFolder(folder)
  }
}
