/** Creates sequential znodes. */
import { Role } from './role.ts'

export class SequenceRole extends Role {
  protected async step(): Promise<void> {
    const { folder, check } = this.context.chapter
    const id = this.nextId()
    const floor = check.sequenceFloor
    const reply = await this.ask(1, { path: `${folder}/s/q-`, data: id, flags: 2 })
    if (reply === undefined) check.note(id, 'unknown')
    else if (reply.err === 0) {
      check.sequence(id, reply.record.path!, floor)
      this.acknowledged()
    } else {
      this.context.witness.violation('wrong answer', `${this.client.name}: create: ${reply.err}`)
    }
  }
}
