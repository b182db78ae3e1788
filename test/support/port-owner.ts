/** Which process listens on a port, as the kernel tells it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const stateListen = '0A'

/** Whether this process itself listens on the TCP port. Without /proc (not Linux): true. */
export function ownsPort(pid: number, port: number): boolean {
  const inodes = listeningInodes(pid, port)
  if (inodes === undefined) return true
  if (inodes.size === 0) return false
  return socketInodes(pid).some((inode) => inodes.has(inode))
}

/** Lines of /proc/net/tcp: `sl local:port remote:port state … inode …`, numbers in hex. */
function listeningInodes(pid: number, port: number): Set<string> | undefined {
  const inodes = new Set<string>()
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  let readable = false
  for (const table of ['tcp', 'tcp6']) {
    const text = readOrUndefined(`/proc/${pid}/net/${table}`)
    if (text === undefined) continue
    readable = true
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[1]?.endsWith(suffix) && fields[3] === stateListen) inodes.add(fields[9]!)
    }
  }
  return readable || process.platform === 'linux' ? inodes : undefined
}

function socketInodes(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  const inodes: string[] = []
  for (const fd of readdirSync(folder)) {
    try {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))
      if (match !== null) inodes.push(match[1]!)
    } catch {
      // Closed since the listing.
    }
  }
  return inodes
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
