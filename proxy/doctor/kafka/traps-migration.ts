/** The traps in what a migration to KRaft leaves in the tree: /controller, /controller_epoch and /migration. Neighbour: traps. */
import { note, type Question, trap } from './finding.ts'
import type { KafkaState } from './state.ts'
import { brokers } from './words.ts'

const led = (state: KafkaState): boolean =>
  ['copying', 'dual-write', 'brokers-moving', 'brokers-moved', 'silent'].includes(state)

export const migrationQuestions: readonly Question[] = [
  /** The second migration finds an offset and takes the copy for done. Source: strimzi-kafka-operator issue 11262. */
  function staleMigration({ state }) {
    if (state !== 'reverted' && state !== 'reverting') return undefined
    return trap(
      'stale-migration',
      'Delete /migration: it says that the metadata were copied, so the next migration would skip the copy and lose every change made since.',
    )
  },
  function staleController({ state, facts }) {
    if (state !== 'silent') return undefined
    return trap(
      'stale-controller',
      [
        'The KRaft controller that /controller names does not write. Look into its log. "BadVersion for /migration", again and again: the reply to a write was lost, and Kafka repeats that write for ever; restart the active controller.',
        'It is stopped: start the controllers in migration mode; without one, brokers in migration mode hang in their shutdown, and no broker can be elected.',
        'It runs without migration mode: the migration was finalised too early, and what was written since is in KRaft alone; restart the brokers in KRaft mode.',
        `To revert instead, which loses what was not written to ZooKeeper: stop the controllers, delete /controller and /migration, restart ${brokers([...facts.registered.keys()])} without migration mode.`,
        'With metadata.max.idle.interval.ms=0 an idle controller looks the same: change a topic and look again.',
      ].join(' '),
    )
  },
  function silentCopy({ state, facts }) {
    if (state !== 'copying' || facts.isMigrationMoving === true) return undefined
    return note(
      'copy-quiet',
      `/migration was not rewritten in ${facts.watchMs} ms: look again, and into the log of the KRaft controller. If no controller runs, start it: it copies again from the beginning.`,
    )
  },
  function missingMigration({ facts: { controller, migration } }) {
    if (migration.kind !== 'absent' || controller.kind !== 'known') return undefined
    if (controller.value.kraftEpoch < 0) return undefined
    return trap(
      'migration-missing',
      '/controller names a KRaft controller and there is no /migration: it was deleted first, or while the controller runs. Stop the KRaft controllers, then delete /controller, so that a broker can be elected.',
    )
  },
  function lastingController({ facts: { controller } }) {
    if (controller.kind !== 'known' || controller.value.kraftEpoch >= 0) return undefined
    if (controller.znode.ephemeralOwner !== 0n) return undefined
    return trap(
      'lasting-controller',
      `/controller names broker ${controller.value.id} and is persistent, so it was not made by that broker: a copy, or by hand. Delete it, so that a broker can be elected.`,
    )
  },
  function revertedUnderWriter({ state, facts }) {
    if (state !== 'reverting' || facts.isMigrationMoving !== true) return undefined
    return trap(
      'still-written',
      'A KRaft controller still writes to /migration although /controller was deleted. Stop all KRaft controllers before a broker becomes controller.',
    )
  },
  function noController({ state, facts }) {
    if (state !== 'no-controller') return undefined
    return trap(
      'no-controller',
      facts.registered.size === 0
        ? 'No broker is registered, so none can become controller: the brokers are down, or their sessions have ended.'
        : 'No broker has become controller. It takes a moment after an election began; if it stays so, look into the logs of the brokers.',
    )
  },
  function epochBehind({ state, facts }) {
    const { controller, controllerEpoch, migration, partitionEpochMax } = facts
    if (controllerEpoch.kind !== 'known' || state === 'finalised') return undefined
    const claimed = controller.kind === 'known' ? controller.value.kraftEpoch : -1
    const left = migration.kind === 'known' ? migration.value.controllerEpoch : -1
    const newest = Math.max(claimed, left, partitionEpochMax)
    if (newest <= controllerEpoch.value) return undefined
    const text = `The KRaft epoch ${newest} is above the controller epoch ${controllerEpoch.value}: after a revert the brokers' controller would be refused, and partitions stay offline (KAFKA-20488). Before /controller is deleted, set /controller_epoch to ${newest + 1} with no KRaft controller running.`
    return led(state) ? note('epoch-behind', text) : trap('epoch-behind', text)
  },
  function noEpoch({ state, facts: { controllerEpoch } }) {
    if (controllerEpoch.kind !== 'absent' || state === 'no-controller') return undefined
    return trap(
      'no-epoch',
      'There is no /controller_epoch: a KRaft controller refuses to claim the cluster without it. A broker makes it when it becomes controller.',
    )
  },
]
