/** Certificates and the key of a PKCS12 store, also of one that Java wrote. Neighbours: store-file, key-material. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { reasonOf } from '../../lib/internal.ts'
import { TlsError } from './options.ts'

export interface Pkcs12 {
  readonly certificates: readonly X509Certificate[]
  readonly keys: readonly KeyObject[]
}

const SEALED = 3

/**
 * OpenSSL makes the keys of PBES2 of a password's UTF-8, and that of the seal (MAC) of its UTF-16, which is all that node-forge does: a
 * password of ASCII is the same in both. For others the seal is left out, and the encryption alone says whether the password is right.
 */
function opened(bytes: Buffer, password: string): forge.pkcs12.Pkcs12Pfx {
  const { asn1, pkcs12, util } = forge
  const parsed = () => asn1.fromDer(util.createBuffer(bytes.toString('latin1')))
  try {
    return pkcs12.pkcs12FromAsn1(parsed(), false, password)
  } catch (error) {
    const utf8 = util.encodeUtf8(password)
    const pfx = parsed()
    if (utf8 === password || !Array.isArray(pfx.value)) throw error
    pfx.value.length = Math.min(pfx.value.length, SEALED - 1)
    return pkcs12.pkcs12FromAsn1(pfx, false, utf8)
  }
}

/** @throws {TlsError} a wrong password, damage, or a form of encryption that is not supported */
export function readPkcs12(
  what: string,
  path: string,
  bytes: Buffer,
  passphrase: string | undefined,
): Pkcs12 {
  const { pki, asn1 } = forge
  let store: forge.pkcs12.Pkcs12Pfx
  try {
    store = opened(bytes, passphrase ?? '')
  } catch (error) {
    const reason = reasonOf(error)
    if (/password|MAC|decrypt/i.test(reason)) {
      const hint =
        passphrase === undefined ? 'it needs a password, and none is given' : 'wrong password'
      throw new TlsError(`${what} ${path} cannot be opened: ${hint}`)
    }
    throw new TlsError(`${what} ${path} cannot be opened: ${reason}`)
  }
  const bags = store.safeContents.flatMap(({ safeBags }) => safeBags)
  const derOf = (node: forge.asn1.Asn1) => Buffer.from(asn1.toDer(node).getBytes(), 'latin1')
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = pki.oids
  const of = (...types: (string | undefined)[]) => bags.filter(({ type }) => types.includes(type))
  try {
    return {
      certificates: of(certBag).map(({ cert, asn1: node }) => {
        return new X509Certificate(derOf(cert ? pki.certificateToAsn1(cert) : node))
      }),
      keys: of(keyBag, pkcs8ShroudedKeyBag).map(({ key, asn1: node }) =>
        key
          ? createPrivateKey(pki.privateKeyToPem(key))
          : createPrivateKey({ key: derOf(node), format: 'der', type: 'pkcs8' }),
      ),
    }
  } catch (error) {
    const reason = reasonOf(error)
    throw new TlsError(`${what} ${path} has an entry that cannot be used: ${reason}`)
  }
}
