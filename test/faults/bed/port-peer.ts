/** Which of some processes owns the near end of a TCP connection on loopback, as /proc says. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The position in `pids` of the process that owns the connection's near end; undefined: none. */
export function ownerOfConnection(
  localPort: number,
  remotePort: number,
  pids: readonly (number | undefined)[],
): number | undefined {
  const inode = inodeOf(localPort, remotePort)
  if (inode === undefined) return undefined
  const target = `socket:[${inode}]`
  const index = pids.findIndex((pid) => pid !== undefined && ownsSocket(pid, target))
  return index < 0 ? undefined : index
}

/** Lines of /proc/net/tcp: `sl local:port remote:port state … inode …`, numbers in hex. */
function inodeOf(localPort: number, remotePort: number): string | undefined {
  const [local, remote] = [localPort, remotePort].map(
    (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  )
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    if (fields[1]?.endsWith(local!) && fields[2]?.endsWith(remote!)) return fields[9]
  }
  return undefined
}

function ownsSocket(pid: number, target: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`) === target
      } catch {
        return false
      }
    })
  } catch {
    return false
  }
}
