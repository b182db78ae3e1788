/** The completion scripts: bash runs its own; those of zsh and fish name every command and flag. */
import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { Command } from 'commander'
import { bashScript } from '../../../cli/completion/bash.ts'
import { fishScript } from '../../../cli/completion/fish.ts'
import { modelOf, type Words } from '../../../cli/completion/model.ts'
import { zshScript } from '../../../cli/completion/zsh.ts'
import { commandsFor } from '../../../cli/program.ts'

describe('cli/completion', () => {
  let model: Words

  before(async () => {
    const program = new Command('anykeeper')
    for (const command of await commandsFor(undefined)) program.addCommand(command)
    model = modelOf(program)
  })

  /** What bash offers for the last word. */
  function offered(...words: string[]): string[] {
    const line = ['anykeeper', ...words].map((word) => `'${word}'`).join(' ')
    const script = `${bashScript(model)}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _anykeeper; echo "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split(' ')
  }

  it('bash: commands, commands of a command, flags, values', () => {
    expect(offered('')).to.include.members(['serve', 'get', 'shell', 'doctor', 'completion'])
    expect(offered('se')).to.have.members(['serve', 'sessions', 'set'])
    expect(offered('doctor', 'tr')).to.deep.equal(['tree'])
    expect(offered('doctor', 'tree', '--st')).to.deep.equal(['--strict'])
    expect(offered('ls', '--rec')).to.deep.equal(['--recursive'])
    expect(offered('completion', '')).to.include.members(['bash', 'zsh', 'fish'])
    expect(offered('export', '--format', '')).to.have.members(['lines', 'zookeeper-snapshot'])
    expect(offered('get', '--server', '')).to.deep.equal([''])
  })

  it('every flag with a list of values offers it, in each shell', () => {
    const flags = model.words.flatMap((word) => [
      ...word.flags,
      ...word.words.flatMap((one) => one.flags),
    ])
    const chosen = flags.filter(({ choices }) => choices.length > 0)
    const names = new Set(chosen.map(({ long }) => long))
    const serving = ['audit-format', 'tls-client-auth', 'log-level', 'log-format', 'journal-format']
    expect([...names]).to.include.members([...serving.map((name) => `--${name}`), '--format'])
    expect(offered('serve', '--audit-format', '')).to.have.members(['zookeeper', 'json'])
    expect(offered('serve', '--tls-client-auth', 'w')).to.deep.equal(['want'])
    const [zsh, fish] = [zshScript(model), fishScript(model)]
    for (const { long = '', choices } of chosen) {
      expect(zsh, long).to.contain(`:value:(${choices.join(' ')})`)
      expect(fish, long).to.match(new RegExp(`-l ${long.slice(2)} .*-a '${choices.join(' ')}'`))
    }
  })

  it('zsh and fish: every command and flag, quotes in pairs, and bash can read its own', () => {
    const [zsh, fish] = [zshScript(model), fishScript(model)]
    for (const { name, flags } of model.words) {
      expect(zsh).to.contain(`_anykeeper_${name}`)
      expect(fish).to.contain(`-a ${name} `)
      for (const { long = '' } of flags) {
        expect(zsh, long).to.contain(long)
        expect(fish, long).to.contain(`-l ${long.slice(2)}`)
      }
    }
    for (const script of [zsh, fish]) {
      const odd = script
        .split('\n')
        .filter((line) => !line.startsWith('#') && line.split("'").length % 2 === 0)
      expect(odd).to.deep.equal([])
    }
    execFileSync('bash', ['-n'], { input: bashScript(model) })
  })
})
