/** Creates znodes under names of their own, deletes some again, and asks for what is refused. */
import { errors, Role } from './role.ts'

interface Made {
  readonly id: string
  readonly path: string
  readonly folder: string
}

export class CreateRole extends Role {
  #made: Made[] = []

  protected async step(): Promise<void> {
    const dice = this.random(10)
    if (dice === 0) return this.#refused()
    if (dice < 3) return this.#delete()
    const { folder, check } = this.context.chapter
    const id = this.nextId()
    const path = `${folder}/c/${id}`
    const reply = await this.ask(1, { path, data: id })
    if (reply === undefined) check.note(id, 'unknown', path)
    else if (reply.err === 0) {
      check.note(id, 'acked', path)
      this.#made.push({ id, path, folder })
      this.acknowledged()
    } else this.#unexpected(`create of ${path}`, reply.err)
  }

  async #delete(): Promise<void> {
    const { folder, check } = this.context.chapter
    this.#made = this.#made.filter((made) => made.folder === folder)
    if (this.#made.length === 0) return
    const [made] = this.#made.splice(this.random(this.#made.length), 1)
    const { id, path } = made!
    const reply = await this.ask(2, { path })
    if (reply === undefined) check.note(id, 'maybe deleted', path)
    else if (reply.err === 0) {
      check.note(id, 'deleted', path)
      this.acknowledged()
    } else this.#unexpected(`delete of ${path}`, reply.err)
  }

  async #refused(): Promise<void> {
    const { folder, check } = this.context.chapter
    const id = this.nextId()
    const path = `${folder}/none/${id}`
    const reply = await this.ask(1, { path, data: id })
    if (reply === undefined || reply.err === errors.NO_NODE) check.note(id, 'refused', path)
    else this.#unexpected(`create of ${path}, which has no parent,`, reply.err)
  }

  #unexpected(what: string, err: number): void {
    this.context.witness.violation('wrong answer', `${this.client.name}: ${what}: ${err}`)
  }
}
