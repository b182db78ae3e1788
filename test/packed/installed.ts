/** One project for each release line of Node that is there, with the package installed; made for the first test that needs one. */
import { missing, type NodeLine, nodeProgram, versions } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { Project, pack } from './project.ts'

export const lines = Object.keys(versions.node) as NodeLine[]

const projects = new Map<NodeLine, Project>()
const folder = temporaryFolder('tarball')
let packed: Promise<string> | undefined
let made: Promise<unknown> | undefined

/** The path of the tarball. */
export function tarball(): Promise<string> {
  packed ??= pack(folder)
  return packed
}

/** The project of a line that is there. */
export async function installed(line: NodeLine): Promise<Project> {
  made ??= makeAll()
  await made
  return projects.get(line)!
}

async function makeAll(): Promise<void> {
  const path = await tarball()
  const present = lines.filter((line) => missing(`node-${line}`) === undefined)
  await Promise.all(
    present.map(async (line) => {
      projects.set(line, await Project.install(nodeProgram(line), path))
    }),
  )
}

after('removes the projects', () => {
  for (const project of projects.values()) project.remove()
  removeFolder(folder)
})
