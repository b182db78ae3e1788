/** Authorities, certificates, revocation lists and stores of the tests over TLS, made with openssl in one folder. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificates.ts'

export interface IssueOptions {
  /** As openssl's -subj. Default `/CN=<name>`. */
  readonly subject?: string
  /** Default `DNS:localhost,IP:127.0.0.1`; '' for none. */
  readonly hosts?: string
  /** `YYYYMMDDHHMMSSZ`. Default: ten years from now. */
  readonly until?: string
  /** `clientAuth` or `serverAuth`. Default: both. */
  readonly usage?: string
  readonly key?: 'ec' | 'rsa'
}

const HERE = 'DNS:localhost,IP:127.0.0.1'
const PAST = '20200101000000Z'

export class TestAuthority {
  readonly name: string
  /** Path of its own certificate, PEM. */
  readonly ca: string
  readonly #folder: string

  constructor(folder: string, name: string) {
    this.name = name
    this.#folder = join(folder, name)
    this.ca = this.path('ca.pem')
    mkdirSync(this.#folder)
    writeFileSync(this.path('index.txt'), '')
    writeFileSync(this.path('index.txt.attr'), 'unique_subject = no\n')
    writeFileSync(this.path('ca.cnf'), CONFIGURATION)
    const own = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`, '-days', '3650']
    this.openssl('req', '-x509', ...newKey('ec'), ...own)
  }

  path(file: string): string {
    return join(this.#folder, file)
  }

  openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' })
  }

  issue(name: string, options: IssueOptions = {}): Certificate {
    const { subject = `/CN=${name}`, hosts = HERE, until, usage, key = 'ec' } = options
    const lines = [
      ...(hosts === '' ? [] : [`subjectAltName=${hosts}`]),
      ...(usage === undefined ? [] : [`extendedKeyUsage=${usage}`]),
      'basicConstraints=CA:FALSE',
    ]
    writeFileSync(this.path(`${name}.ext`), `${lines.join('\n')}\n`)
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject, '-utf8']
    this.openssl('req', ...newKey(key), ...request)
    const dates = until === undefined ? ['-days', '3650'] : ['-startdate', PAST, '-enddate', until]
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`]
    this.openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-preserveDN', ...dates, ...files)
    return { cert: this.path(`${name}.pem`), key: this.path(`${name}.key`) }
  }

  /** A list of those that were revoked; its path. */
  revoke(...revoked: Certificate[]): string {
    for (const { cert } of revoked) this.openssl('ca', '-config', 'ca.cnf', '-revoke', cert)
    this.openssl('ca', '-config', 'ca.cnf', '-gencrl', '-crldays', '30', '-out', 'crl.pem')
    return this.path('crl.pem')
  }

  /** A PKCS12 key store; its path. */
  keyStore({ cert, key }: Certificate, name: string, password: string): string {
    const chain = ['-inkey', key, '-in', cert, '-certfile', this.ca]
    this.openssl('pkcs12', '-export', ...chain, '-out', name, '-passout', `pass:${password}`)
    return this.path(name)
  }

  /** A PKCS12 trust store as keytool makes it, or a store of another type of Java's; its path. */
  trustStore(name: string, password: string, type = 'PKCS12'): string {
    const store = ['-keystore', name, '-storepass', password, '-storetype', type]
    const args = ['-importcert', '-noprompt', '-alias', 'ca', '-file', this.ca, ...store]
    execFileSync('keytool', args, { cwd: this.#folder, stdio: 'pipe' })
    return this.path(name)
  }
}

const newKey = (key: 'ec' | 'rsa'): string[] =>
  key === 'ec'
    ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    : ['-newkey', 'rsa:2048', '-nodes']

const CONFIGURATION = `
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
`
