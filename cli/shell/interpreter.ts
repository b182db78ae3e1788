/** Runs lines of the shell, one after the other, on one session. Neighbours: prompt and script, which read them; words. */
import { type Command, CommanderError, Option } from 'commander'
import { ZK_ERRORS, ZnodeError } from '../../lib/index.ts'
import { UsageError } from '../flags.ts'
import { nearest } from '../settings/nearest.ts'
import { explained } from '../znode/chroot.ts'
import type { ConnectionFlags } from '../znode/connection-flags.ts'
import { EXIT, exitCodeOf, isReaderGone } from '../znode/exit-codes.ts'
import { sayUnanswered } from '../znode/how-far.ts'
import { endedSoon } from '../znode/interrupt.ts'
import type { Output } from '../znode/output.ts'
import { printable } from '../znode/printable.ts'
import { type Connection, connectionOf, openTarget, type Target } from '../znode/target.ts'
import { commandOf, type Flags, type Run, type Verb } from '../znode/verb.ts'
import { isFourLetterWord } from '../znode/verbs/serving.ts'
import { eventWord } from '../znode/verbs/watching.ts'
import { shellVerbs } from '../znode/verbs.ts'
import { COMPLETION_MS_MAX, PathCompletion } from './completion.ts'
import { overview } from './help.ts'
import { resolvePath } from './paths.ts'
import { wordsOf } from './words.ts'

/** How a line ended. `quit`: the shell is to end. */
export interface Outcome {
  readonly exitCode: number
  readonly quit?: true
}

/** Words of zkCli and keeper-client that are not here, and what to do instead. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  reconfig: 'the etcd or Redis below has members; those of a ZooKeeper are changed with its zkCli',
  close: 'connect, or quit',
  mvr: 'cpr, then rm -r',
  delete_stale_backups: 'rm -r below /clickhouse/backups',
}

/** `signal`: Ctrl-C. */
type OwnWord = (args: readonly string[], signal: AbortSignal) => Promise<Outcome | undefined>

export class Interpreter {
  readonly verbs: ReadonlyMap<string, Verb>
  readonly completion: PathCompletion
  readonly #flags: ConnectionFlags
  readonly #output: Output
  #target: Target
  #current = '/'
  #running: AbortController | undefined
  /** Where the lines before are from, for "history". */
  history: () => readonly string[] = () => []
  /** Writes a line that came by itself. */
  notify: (text: string) => void
  readonly #own: Readonly<Record<string, OwnWord>> = {
    help: async ([word]) => this.#help(word),
    quit: async () => ({ exitCode: EXIT.ok, quit: true }),
    exit: async () => ({ exitCode: EXIT.ok, quit: true }),
    cd: async ([path = '/'], signal) => this.#cd(path, signal),
    pwd: async () => this.#say(this.#current),
    history: async () => this.#history(),
    redo: async ([number = '']) => this.#redo(number),
    connect: async ([url], signal) => this.#connect(url, signal),
    printwatches: async ([word]) => this.#printWatches(word),
  }
  #isShowingEvents = true
  readonly #onEvent = ({ type, path }: { readonly type: number; readonly path: string }): void => {
    if (this.#isShowingEvents) this.notify(`watch: ${eventWord(type)} ${printable(path)}`)
  }

  private constructor(target: Target, flags: ConnectionFlags, output: Output) {
    this.#target = target
    this.#flags = flags
    this.#output = output
    this.notify = (text) => output.say(text)
    this.verbs = new Map(
      shellVerbs.flatMap((verb) =>
        [verb.name, ...(verb.aliases ?? [])].map((name) => [name, verb] as const),
      ),
    )
    this.completion = new PathCompletion({
      verbs: this.verbs,
      ownWords: Object.keys(this.#own),
      client: () =>
        this.#target.client.with({ timeoutMs: Math.min(flags.timeout, COMPLETION_MS_MAX) }),
      resolve: (path) => resolvePath(this.#current, path),
    })
  }

  /** @throws {ZnodeError} {StoreError} there is no server, or no store */
  static async open(
    connection: Connection,
    output: Output,
    signal?: AbortSignal,
  ): Promise<Interpreter> {
    const { flags } = connection
    const shell: { notify?: (state: string) => void } = {}
    const target = await openTarget(connection, {
      renew: true,
      ...(signal !== undefined && { signal }),
      onState: (state) => shell.notify?.(state),
    })
    const interpreter = new Interpreter(target, flags, output)
    if (target.isNew === true) {
      output.say(`note: there was no tree below ${flags.prefix}: this one is new and empty`)
    }
    shell.notify = (state) => interpreter.#stateChanged(state)
    return interpreter
  }

  /** What stands before a line. */
  get prompt(): string {
    const { shown, client } = this.#target
    const state = client.state === 'connected' ? '' : ` (${client.state})`
    const place = printable(`${shown.replace(/^zks?:\/\//, '')}${state}`)
    return `${this.#output.colour(place, 'cyan')} ${printable(this.#current)}> `
  }

  /** Ctrl-C. false: nothing runs. */
  interrupt(): boolean {
    if (this.#running === undefined) return false
    this.#running.abort(new Error('interrupted'))
    return true
  }

  /** Never rejects, but when nobody reads the output any more. */
  async run(line: string): Promise<Outcome> {
    if (/^\s*(#|$)/.test(line)) return { exitCode: EXIT.ok }
    const running = new AbortController()
    this.#running = running
    let isWrite = false
    try {
      const [name = '', ...args] = wordsOf(line)
      const own = Object.hasOwn(this.#own, name) ? this.#own[name] : undefined
      if (own !== undefined) return (await own(args, running.signal)) ?? { exitCode: EXIT.ok }
      const isWord = isFourLetterWord(name)
      const verb = this.verbs.get(isWord ? 'flwc' : name)
      if (verb === undefined) throw this.#unknownWord(name)
      isWrite = verb.isWrite === true
      return {
        exitCode: await this.#runVerb(verb, isWord ? [name, ...args] : args, running.signal),
      }
    } catch (error) {
      if (isReaderGone(error)) throw error
      if (running.signal.aborted && error === running.signal.reason) return { exitCode: 130 }
      if (error instanceof CommanderError)
        return { exitCode: error.exitCode === 0 ? 0 : EXIT.usage }
      const known = await explained(this.#target, error, running.signal)
      this.#output.say(`error: ${known instanceof Error ? known.message : String(known)}`)
      return { exitCode: exitCodeOf(known, isWrite) }
    } finally {
      this.#running = undefined
      await this.#output.flush()
      this.completion.forget()
    }
  }

  /** Ends the session; behind the signal a server that does not answer is not waited for. */
  async close(signal: AbortSignal): Promise<void> {
    this.notify = () => {}
    await endedSoon(this.#target.close(), signal)
  }

  async #runVerb(verb: Verb, args: readonly string[], signal: AbortSignal): Promise<number> {
    const command = this.#command(verb)
    let parsed: { readonly args: string[]; readonly flags: Flags } | undefined
    command.action(() => {
      parsed = { args: command.args, flags: command.opts<Flags>() }
    })
    await command.parseAsync([...args], { from: 'user' })
    if (parsed === undefined) return EXIT.ok
    const target = this.#target
    const isJson = parsed.flags.json === true || this.#output.isJson
    const output = this.#output.with(isJson, signal)
    const run: Run = {
      target,
      client: target.client.with({ timeoutMs: target.timeoutMs, signal }),
      output,
      signal,
      resolve: (path) => resolvePath(this.#current, path),
      onEvent: this.#onEvent,
    }
    try {
      return (await verb.run(run, parsed.args, parsed.flags)) ?? EXIT.ok
    } catch (error) {
      if (verb.isWrite === true && signal.aborted) sayUnanswered(run)
      throw error
    } finally {
      await output.flush()
    }
  }

  #command(verb: Verb): Command {
    const write = (text: string): void => this.#output.say(text.trimEnd())
    return commandOf(verb, '')
      .addOption(new Option('--json', 'results as JSON, one value a line'))
      .exitOverride()
      .configureOutput({
        writeOut: (text) => this.#output.paragraph(text),
        writeErr: write,
        outputError: (text) => write(text),
      })
  }

  async #help(word: string | undefined): Promise<undefined> {
    if (word === undefined) {
      await this.#output.lines(overview(shellVerbs))
      return undefined
    }
    const verb = this.verbs.get(word)
    if (verb === undefined) throw this.#unknownWord(word)
    this.#command(verb).outputHelp()
    return undefined
  }

  async #cd(path: string, signal: AbortSignal): Promise<undefined> {
    const at = resolvePath(this.#current, path)
    const { client, timeoutMs } = this.#target
    if ((await client.with({ timeoutMs, signal }).exists(at)) === undefined) {
      throw new ZnodeError(ZK_ERRORS.NO_NODE.errno, at)
    }
    this.#current = at
    return undefined
  }

  async #say(text: string): Promise<undefined> {
    await this.#output.line(printable(text))
    return undefined
  }

  async #history(): Promise<undefined> {
    const lines = this.history()
    await this.#output.lines(lines.map((line, at) => `${at + 1}  ${printable(line)}`))
    return undefined
  }

  #redo(number: string): Promise<Outcome> {
    const line = this.history()[Number(number) - 1]
    if (line === undefined || /^\s*redo\b/.test(line)) {
      throw new UsageError(`there is no line ${JSON.stringify(number)} to repeat: see history`)
    }
    this.notify(line)
    return this.run(line)
  }

  async #connect(url: string | undefined, signal: AbortSignal): Promise<undefined> {
    const flags = url === undefined ? this.#flags : { ...this.#flags, server: url }
    const target = await openTarget(connectionOf(flags), {
      renew: true,
      signal,
      onState: (state) => this.#stateChanged(state),
    })
    const before = this.#target
    this.#target = target
    this.#current = '/'
    await endedSoon(before.close(), signal)
    return undefined
  }

  #stateChanged(state: string): void {
    if (state === 'suspended') this.notify('the connection was lost: reconnecting')
    else if (state === 'connected') this.notify('connected again')
    else if (state === 'lost')
      this.notify('the session has ended, and its ephemerals with it: a new one follows')
  }

  async #printWatches(word: string | undefined): Promise<undefined> {
    if (word !== undefined && word !== 'on' && word !== 'off') {
      throw new UsageError('write printwatches on, or printwatches off')
    }
    if (word !== undefined) this.#isShowingEvents = word === 'on'
    return this.#say(`events of watches are ${this.#isShowingEvents ? 'shown' : 'not shown'}`)
  }

  #unknownWord(name: string): UsageError {
    const instead = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined
    const near = nearest(name, [...this.verbs.keys(), ...Object.keys(this.#own)])
    const meant = near === undefined ? 'type help' : `did you mean ${near}?`
    const hint = instead === undefined ? meant : `instead: ${instead}`
    return new UsageError(`${JSON.stringify(name)} is no command here; ${hint}`)
  }
}
