/**
 * All commands. What runs alone is loaded alone: a command that reads one znode needs no server, and a script runs many of
 * them. Neighbour: ../cli.ts.
 */
import type { Command } from 'commander'

type Load = () => Promise<readonly Command[]>

const znodes: Load = async () => {
  const [{ oneShot }, { processVerbs }] = await Promise.all([
    import('./znode/one-shot.ts'),
    import('./znode/verbs.ts'),
  ])
  return processVerbs.map((verb) => oneShot(verb))
}

/** By the name of a command, in the order of the help. */
const LOADERS: Readonly<Record<string, Load>> = {
  serve: async () => [(await import('./serve.ts')).serveCommand()],
  shell: async () => [(await import('./shell/command.ts')).shellCommand()],
  znodes,
  doctor: async () => [(await import('./doctor/doctor.ts')).doctorCommand()],
  export: async () => [(await import('./export.ts')).exportCommand()],
  import: async () => [(await import('./import.ts')).importCommand()],
  backup: async () => [(await import('./backup.ts')).backupCommand()],
  repair: async () => [(await import('./repair.ts')).repairCommand()],
  migrate: async () => [(await import('./migrate/command.ts')).migrateCommand()],
  compare: async () => [(await import('./compare.ts')).compareCommand()],
  completion: async () => [(await import('./completion/command.ts')).completionCommand()],
}

/** Needs them all. */
const COMPLETION = 'completion'

/** The one that the first argument names, or all. */
export async function commandsFor(name: string | undefined): Promise<readonly Command[]> {
  if (name !== undefined && name !== COMPLETION && name !== 'znodes') {
    if (Object.hasOwn(LOADERS, name)) return (LOADERS[name] as Load)()
    const one = (await znodes()).filter((command) => command.name() === name)
    if (one.length > 0) return one
  }
  const loaded = await Promise.all(Object.values(LOADERS).map((load) => load()))
  return loaded.flat()
}
