/** SASL DIGEST-MD5 with ZooKeeper's own Java client and a JAAS file, as Kafka and Hadoop use it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { spawnChild } from '../support/child.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

describe('SASL DIGEST-MD5', function () {
  this.timeout(60_000)
  let proxy: AnykeeperProcess
  let folder: string

  before(async function () {
    requireOrSkip(this, 'zookeeper-cli')
    folder = temporaryFolder('sasl')
    const users = join(folder, 'users')
    writeFileSync(users, 'kafka=kafka-secret\nadmin=admin-secret\n')
    proxy = await startAnykeeper({
      args: ['--sasl-users', users, '--sasl-super-user', 'admin'],
    })
  })
  after(() => proxy?.stop())

  /** Runs zkCli.sh as a SASL user and gives all it printed. */
  async function zkCli(user: string, password: string, commands: string[]): Promise<string> {
    const jaas = join(folder, `${user}.jaas`)
    writeFileSync(
      jaas,
      `Client { org.apache.zookeeper.server.auth.DigestLoginModule required
         username="${user}" password="${password}"; };`,
    )
    const script = commands.map((command) => `echo '${command}'`).join('; ')
    const child = spawnChild({
      name: `zkCli as ${user}`,
      command: 'sh',
      args: [
        '-c',
        `(${script}; echo quit) | timeout 20 /usr/share/zookeeper/bin/zkCli.sh -server ${proxy.connectString}`,
      ],
      env: {
        ...process.env,
        CLIENT_JVMFLAGS: `-Djava.security.auth.login.config=${jaas}`,
        JVMFLAGS: `-Djava.security.auth.login.config=${jaas}`,
      },
    })
    await child.exited
    return child.output
  }

  it('a proven user owns what it creates; others are refused; the super user is not', async () => {
    const own = await zkCli('kafka', 'kafka-secret', [
      'create /owned secret sasl:kafka:cdrwa',
      'get /owned',
      'whoami',
    ])
    expect(own).to.match(/SaslAuthenticated/)
    expect(own).to.match(/^Created \/owned$/m)
    expect(own).to.match(/^sasl: kafka$/m)
    const admin = await zkCli('admin', 'admin-secret', ['get /owned'])
    expect(admin).to.match(/^secret$/m)
  })

  it('a wrong password ends in AuthFailed and the connection is closed', async () => {
    const output = await zkCli('kafka', 'guessed', ['get /owned'])
    expect(output).to.match(
      /AuthFailed|AUTH_FAILED|AuthFailedException|Insufficient|Authentication/i,
    )
    expect(output).to.not.match(/^secret$/m)
  })
})
