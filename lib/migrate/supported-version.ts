/** Which releases of ZooKeeper can be followed. Neighbours: find-members, check-source. */
import { SourceError } from './source-error.ts'

/** In older ones an observer that nobody knows could count in an election. Source: ZOOKEEPER-2959. */
const FLOORS: Readonly<Record<string, number>> = { '3.4': 13, '3.5': 4 }

/** undefined: it can be followed, or is not known. */
export function versionProblem(version: string | undefined): string | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? []
  if (major === undefined) return undefined
  const line = `${major}.${minor}`
  const isTooOld =
    Number(major) < 3 ||
    (Number(major) === 3 && Number(minor) < 4) ||
    Number(patch) < (FLOORS[line] ?? 0)
  if (!isTooOld) return undefined
  return (
    `ZooKeeper ${version} cannot be followed: before 3.4.13 and 3.5.4 an observer could count in an election ` +
    '(ZOOKEEPER-2959); upgrade it, or stop it and import its files'
  )
}

/** @throws {SourceError} SOURCE_UNSUPPORTED */
export function refuseOldVersion(version: string | undefined): void {
  const problem = versionProblem(version)
  if (problem !== undefined) throw new SourceError('SOURCE_UNSUPPORTED', problem)
}
