/** When a store logs in, with what, and what it says of it. Files are real; the server is what `send` makes of it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  type CredentialSources,
  Credentials,
} from '../../../../adapters/credentials/credentials.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { rejection } from '../../../conformance/support.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'
import { collectingLogger, type LogEntry } from '../../../support/wire-bench.ts'

describe('adapters/credentials', () => {
  let folder: string
  let file: string
  let clock: ManualClock
  let entries: LogEntry[]
  /** What the server accepts, and what it was sent. */
  let right: string
  let sent: string[]

  beforeEach(() => {
    folder = temporaryFolder('credentials')
    file = join(folder, 'password')
    writeFileSync(file, 'first one\n')
    clock = new ManualClock()
    right = 'first one'
    sent = []
  })
  afterEach(() => removeFolder(folder))

  async function opened(sources: CredentialSources): Promise<Credentials> {
    const collected = collectingLogger()
    entries = collected.entries
    const { logger } = collected
    const credentials = new Credentials({ store: 'etcd', sources, clock, logger })
    await credentials.load()
    return credentials
  }

  const logIn = (credentials: Credentials): Promise<string> =>
    credentials.logIn(async ({ password }) => {
      sent.push(password)
      if (password === right) return password
      throw new StoreError('STORE_UNAUTHENTICATED', `wrong: ${password}`)
    })
  const said = (): string[] => entries.map(({ level, message }) => `${level}: ${message}`)

  it('a file is read for each log-in; without a newline at its end', async () => {
    const credentials = await opened({ username: 'u', passwordFile: file })
    expect(await logIn(credentials)).to.equal('first one')
    writeFileSync(file, 'second one')
    right = 'second one'
    expect(await logIn(credentials)).to.equal('second one')
    expect(sent).to.deep.equal(['first one', 'second one'])
    expect(said()).to.deep.equal(['info: the store accepts the new credentials'])
  })

  it('a file that is ahead of the server: what was accepted before is sent behind it, and that is said once', async () => {
    const credentials = await opened({ username: 'u', passwordFile: file })
    await logIn(credentials)
    writeFileSync(file, 'second one')
    for (let times = 0; times < 2; times++) {
      expect(await logIn(credentials)).to.equal('first one')
    }
    expect(said()).to.deep.equal([
      'warn: the store accepts only the credentials that the files had before',
    ])
  })

  it('the server is changed between the new password and the old one: the new one is tried again', async () => {
    const credentials = await opened({ username: 'u', passwordFile: file })
    await logIn(credentials)
    writeFileSync(file, 'second one')
    const accepted = await credentials.logIn(async ({ password }) => {
      const isRight = password === right
      if (password === 'second one') right = 'second one'
      if (isRight) return password
      throw new StoreError('STORE_UNAUTHENTICATED', 'wrong')
    })
    expect(accepted).to.equal('second one')
    expect(said()).to.deep.equal(['info: the store accepts the new credentials'])
  })

  it('a refusal is said once, and asked again after half a second, twice as late each time, five seconds at most', async () => {
    const credentials = await opened({ username: 'u', password: 'first one' })
    await logIn(credentials)
    right = 'second one'
    const error = await rejection(logIn(credentials), 'STORE_UNAUTHENTICATED')
    expect(error.retriable).to.equal(true)
    expect(error.message).to.include('fixed password').and.not.include('first one')
    const before = sent.length
    for (let times = 0; times < 1_000; times++) {
      await rejection(logIn(credentials), 'STORE_UNAUTHENTICATED')
    }
    expect(sent).to.have.length(before)
    const pauses: number[] = []
    for (let pauseMs = 0; pauses.length < 6; pauseMs += 100) {
      const count = sent.length
      await clock.advance(100)
      await rejection(logIn(credentials), 'STORE_UNAUTHENTICATED')
      if (sent.length === count) continue
      pauses.push(pauseMs + 100)
      pauseMs = -100
    }
    expect(pauses).to.deep.equal([500, 1_000, 2_000, 4_000, 5_000, 5_000])
    expect(said()).to.deep.equal(['error: the store refuses the credentials'])
    right = 'first one'
    await clock.advance(5_000)
    expect(await logIn(credentials)).to.equal('first one')
    expect(said()[1]).to.equal('info: the store accepts the credentials again')
  })

  it('a changed file is tried immediately, however long the pause', async () => {
    const credentials = await opened({ username: 'u', passwordFile: file })
    await logIn(credentials)
    right = 'second one'
    await rejection(logIn(credentials), 'STORE_UNAUTHENTICATED')
    writeFileSync(file, 'second one')
    expect(await logIn(credentials)).to.equal('second one')
  })

  it('refused at the beginning is not retriable: nobody changes it meanwhile', async () => {
    const credentials = await opened({ username: 'u', password: 'wrong one' })
    const error = await rejection(logIn(credentials), 'STORE_UNAUTHENTICATED')
    expect(error.retriable).to.equal(false)
    expect(said()).to.deep.equal([])
  })

  it('a file that is gone changes nothing, and is said once', async () => {
    const credentials = await opened({ username: 'u', passwordFile: file })
    rmSync(file)
    for (let times = 0; times < 3; times++) await logIn(credentials)
    expect(said()).to.deep.equal(['warn: the store’s user or password cannot be read again'])
  })

  it('at the start a file must be there, with one line, and no larger than a secret is', async () => {
    const refused = async (sources: CredentialSources): Promise<string> =>
      (await rejection(opened(sources), 'STORE_INVALID')).message
    const missing = join(folder, 'missing')
    expect(await refused({ username: 'u', passwordFile: missing })).to.include(
      `cannot read the passwordFile file ${missing} (ENOENT)`,
    )
    mkdirSync(missing)
    expect(await refused({ username: 'u', passwordFile: missing })).to.include('EISDIR')
    writeFileSync(file, '\n')
    expect(await refused({ username: 'u', passwordFile: file })).to.include('is empty')
    writeFileSync(file, 'secret\nother\n')
    const message = await refused({ username: 'u', passwordFile: file })
    expect(message).to.include('more than one line').and.not.include('secret')
    writeFileSync(file, Buffer.alloc(1_048_577, 'x'))
    expect(await refused({ username: 'u', passwordFile: file })).to.include('more than 1048576')
    expect(await refused({ ca: file })).to.include('more than 1048576')
    writeFileSync(file, 'nothing')
    expect(await refused({ ca: file })).to.include('holds no certificate in PEM')
  })

  it('an error shows neither the password nor the token, as it is or percent-encoded', async () => {
    const credentials = await opened({ username: 'u', password: 'p@ss/word' })
    const cause = Object.assign(new Error('driver'), { details: 'sent p@ss/word' })
    for (const error of [
      new StoreError('STORE_INTERNAL', 'no p%40ss%2Fword'),
      new StoreError('STORE_INTERNAL', 'no p@ss/word'),
      new StoreError('STORE_INTERNAL', 'no token-1'),
      new StoreError('STORE_INTERNAL', 'no …', { outcome: 'unknown', cause }),
    ]) {
      const clean = credentials.clean(error, 'token-1')
      expect(clean).to.include({ message: 'no …', code: 'STORE_INTERNAL', outcome: error.outcome })
      expect(clean.cause).to.equal(undefined)
    }
    const harmless = new StoreError('STORE_INTERNAL', 'harmless', { cause: new Error('no secret') })
    expect(credentials.clean(harmless, 'token-1')).to.equal(harmless)
  })
})
