/** Users of an etcd under test, kept by root, whose own log-in is always new. */
import { Etcd3, type IOptions, Range } from 'etcd3'
import { eventually } from './eventually.ts'

export interface User {
  readonly username: string
  readonly password: string
}

const ROOT: User = { username: 'root', password: 'root’s own' }

export class EtcdUsers {
  readonly #options: IOptions

  /** @param credentials TLS to etcd, with these. */
  constructor(host: string, credentials?: IOptions['credentials']) {
    this.#options =
      credentials === undefined ? { hosts: host } : { hosts: `https://${host}`, credentials }
  }

  /** A user who may read and write below `prefix`, and nothing else; then authentication is on. */
  async enable({ username, password }: User, prefix: string): Promise<void> {
    const client = new Etcd3(this.#options)
    await client.role('prefix').create()
    await client.role('prefix').grant({ permission: 'Readwrite', range: Range.prefix(prefix) })
    for (const user of [ROOT, { username, password }]) {
      await client.user(user.username).create(user.password)
    }
    await client.user(ROOT.username).addRole('root')
    await client.user(username).addRole('prefix')
    await client.auth.authEnable()
    client.close()
  }

  /** From here on the tokens of before are refused. */
  changePassword({ username, password }: User): Promise<void> {
    return this.#asRoot(async (root) => {
      await root.auth.userChangePassword({ name: username, password })
    })
  }

  /** Root's own token may be outdated before it is used. */
  #asRoot(run: (root: Etcd3) => Promise<void>): Promise<void> {
    return eventually('root may', async () => {
      const root = new Etcd3({ ...this.#options, auth: ROOT })
      try {
        await run(root)
        return true as const
      } finally {
        root.close()
      }
    }).then(() => {})
  }
}
