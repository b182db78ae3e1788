/** What ZooKeeper’s own zkCli says that it has: each word and flag is here, or is said not to be. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { ELSEWHERE } from '../../cli/shell/interpreter.ts'
import { shellVerbs } from '../../cli/znode/verbs.ts'
import { requireOrSkip, zookeeperLibs } from '../support/requirements.ts'

/** Of Debian’s ZooKeeper, for a class that the jars of 3.9 do not bring. */
const COMMONS_CLI = '/usr/share/java/commons-cli.jar'
/** Words of the shell itself, without flags. */
const OWN = ['connect', 'history', 'printwatches', 'quit', 'redo']

/** `\tls [-s] [-w] [-R] path` → ls, and s, w, R. */
function wordsOf(help: string): Map<string, string[]> {
  // A connection that ends meanwhile brings a stack, whose lines begin so, too.
  const lines = help.split('\n').filter((line) => /^\t(?!at |\.\.\. )/.test(line))
  return new Map(
    lines.map((line) => {
      const [usage = ''] = line.trim().split(' # ')
      const [word = '', ...rest] = usage.split(' ')
      return [
        word,
        [...rest.join(' ').matchAll(/(?<![\w-])-([a-zA-Z])\b/g)].map(([, flag]) => flag as string),
      ]
    }),
  )
}

describe('shell: zkCli 3.9', function () {
  this.timeout(60_000)
  let words: Map<string, string[]>
  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9', 'zookeeper')
    if (!existsSync(COMMONS_CLI)) throw new Error(`no ${COMMONS_CLI}`)
    const path = `${join(zookeeperLibs('3.9'), '*')}:${COMMONS_CLI}`
    const flags = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', path]
    // It needs no answer to print its help.
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const cli = ['org.apache.zookeeper.ZooKeeperMain', '-server', `127.0.0.1:${port}`, 'help']
    const child = spawn('java', [...flags, ...cli], { timeout: 50_000 })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk
      })
    }
    await new Promise((resolve) => child.once('close', resolve))
    silent.close()
    words = wordsOf(text)
  })

  it('each word has its flags, or is said not to be here', () => {
    expect(words.size).to.be.above(25)
    const missing: string[] = []
    for (const [word, flags] of words) {
      if (Object.hasOwn(ELSEWHERE, word)) continue
      if (OWN.includes(word)) continue
      const verb = shellVerbs.find(({ name, aliases = [] }) => [name, ...aliases].includes(word))
      if (verb === undefined) missing.push(word)
      const here = new Set((verb?.options ?? []).map(({ short }) => short?.slice(1)))
      for (const flag of flags) if (!here.has(flag)) missing.push(`${word} -${flag}`)
    }
    expect(missing).to.deep.equal([])
    expect([...words.keys()].filter((word) => Object.hasOwn(ELSEWHERE, word))).to.deep.equal([
      'close',
      'reconfig',
    ])
  })

  it('docs/command-line.md names each of them', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8')
    const isNamed = (word: string): boolean => new RegExp(`\`${word}[ \`]`).test(page)
    expect([...words.keys()].filter((word) => !isNamed(word))).to.deep.equal([])
  })
})
