/** What may be shown of a store's URL. */

const HOST = String.raw`(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?`
const SERVERS = new RegExp(
  String.raw`^([a-z][a-z0-9+.-]*://)([^@/?#]*@)?(${HOST}(?:,${HOST})*(?:/\d*)?)(?:\?([^@]*))?$`,
)
/** Their values are paths, names and numbers. */
const PARAMETERS = /^(ca|cert|key|name|userFile|passwordFile|\w*Bytes(Max)?|\w*Ms|txnOpsMax)=/

/**
 * Without user and password. Only what is recognised is shown: of a malformed URL no more than the scheme, as any other
 * part may belong to a password that is not percent-encoded.
 */
export function shownUrl(url: string): string {
  if (/^(file|memory):/.test(url)) return url
  const match = SERVERS.exec(url)
  if (match === null) return `${/^[a-z][a-z0-9+.-]*:\/\//.exec(url)?.[0] ?? ''}…`
  const [, scheme, user, servers, query] = match
  const shown = query?.split('&').map((one) => (PARAMETERS.test(one) ? one : '…'))
  return `${scheme}${user === undefined ? '' : '…@'}${servers}${shown ? `?${shown.join('&')}` : ''}`
}

/** Has it a password, or may it have one? The name of a user is none. */
export function mayHavePassword(url: string): boolean {
  const user = SERVERS.exec(url)?.[2]
  const isNameAlone = user !== undefined && !user.includes(':')
  const hidden = isNameAlone ? url.replace(user, '') : url
  return shownUrl(hidden) !== hidden
}
