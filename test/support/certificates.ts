/** An authority, a server's and a client's certificate, made with openssl for one test. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  /** Path of a PEM file. */
  readonly ca: string
  readonly server: Certificate
  readonly client: Certificate
  /** Issued by the same authority, for another name. */
  readonly stranger: Certificate
}

/** In `folder`; the server's is for `localhost` and 127.0.0.1. */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test ca')
  const issue = (name: string, hosts: string): Certificate => {
    writeFileSync(join(folder, 'names'), `subjectAltName=${hosts}\n`)
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`]
    openssl('req', ...newKey, ...request)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`)
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  }
  const here = 'DNS:localhost,IP:127.0.0.1'
  return {
    ca: join(folder, 'ca.pem'),
    server: issue('server', here),
    client: issue('client', here),
    stranger: issue('stranger', 'DNS:elsewhere'),
  }
}
