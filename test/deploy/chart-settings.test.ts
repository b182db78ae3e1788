/** What the chart knows of the settings: each name, and no other one, reaches the pod as it was written; helm refuses what the pod would. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { fromText } from '../../cli/settings/from-file.ts'
import { settingsOf } from '../../cli/settings/given.ts'
import { rangeOf } from '../../cli/settings/parse.ts'
import { GROUPS } from '../../cli/settings/schema.ts'
import { type AnySetting, hasTwin, variableOf } from '../../cli/settings/setting.ts'
import { configSchema, DEFINITIONS, settingsTemplate } from '../../scripts/lib/chart-settings.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { serveVariables } from '../support/serve-variables.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { TlsFixtures } from '../support/tls-bed.ts'
import { chart, manifest, manifestsOf, refusal, render } from './chart.ts'

const settings = settingsOf(GROUPS)

interface Row {
  readonly $ref?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
}
const refuses = (setting: AnySetting, text: string): boolean => {
  try {
    setting.parse(text)
    return false
  } catch {
    return true
  }
}

describe('deploy/chart, settings', function () {
  this.timeout(60_000)
  const folder = temporaryFolder('chart-settings')
  const fixtures = new TlsFixtures()
  after(() => {
    fixtures.remove()
    removeFolder(folder)
  })

  it('are written: npm run deploy:settings', () => {
    const template = readFileSync(join(chart, 'templates', '_settings.tpl'), 'utf8')
    expect(template).to.equal(settingsTemplate())
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'))
    expect(schema.properties.config).to.deep.equal(configSchema())
    expect(schema.$defs).to.deep.include(DEFINITIONS)
  })

  it('the schema of each takes what the server takes, up to both ends of its range', () => {
    const rows = configSchema().properties as Record<string, Row>
    const kinds = { words: 0, numbers: 0, texts: 0 }
    for (const setting of settings) {
      const row: Row = rows[setting.name] ?? {}
      const {
        enum: words,
        minimum,
        maximum,
      }: Row = row.$ref === undefined ? row : DEFINITIONS[row.$ref.replace('#/$defs/', '')]!
      if (words !== undefined) {
        kinds.words++
        for (const word of words) expect(refuses(setting, `${word}`), setting.name).to.equal(false)
        expect(refuses(setting, 'loud'), setting.name).to.equal(true)
      } else if (minimum !== undefined) {
        kinds.numbers++
        const beyond = rangeOf(setting.parse)?.isWhole === true ? 1 : 0.01
        expect(refuses(setting, `${minimum}`), setting.name).to.equal(false)
        expect(refuses(setting, `${minimum - beyond}`), setting.name).to.equal(true)
        if (maximum === undefined) continue
        expect(refuses(setting, `${maximum}`), setting.name).to.equal(false)
        expect(refuses(setting, `${maximum + beyond}`), setting.name).to.equal(true)
      } else kinds.texts++
    }
    expect(kinds.words).to.be.above(10)
    expect(kinds.numbers).to.be.above(80)
  })

  describe('by helm', () => {
    before(function () {
      requireOrSkip(this, 'helm')
    })

    const wrong: [set: string, says: RegExp][] = [
      ['no-such-setting=1', /there is no setting no-such-setting: docs\/configuration\.md has/],
      ['tick-tim=1000', /there is no setting tick-tim:/],
      // A file is named for settings with a secret alone.
      ['tick-time-file=/x', /there is no setting tick-time-file:/],
      ['tick-time=soon', /tick-time.*does not match/],
      ['tick-time=0', /tick-time.*minimum/],
      // Helm makes a text of it.
      ['space-short=1.5', /space-short: expected a number from 0 to 1/],
      ['log-level=loud', /log-level.*'debug', 'info'/],
      ['etcd-maintenance=maybe', /etcd-maintenance.*true, false/],
      ['tls-password=x', /tls-password holds a secret.*with tls-password-file/],
      ['admin-tls-cert=/x', /admin-tls-cert: the probes of the pods speak HTTP/],
    ]
    for (const [set, says] of wrong) {
      it(`refuses config.${set}`, () => {
        const said = refusal({ set: ['etcd.enabled=true', `config.${set}`] })
        expect(said?.replaceAll('\n', ' ')).to.match(says)
      })
    }

    it('refuses a text of two lines: the second would be another setting', () => {
      const values = valuesFile({ 'admin-host-names': 'a\nstore=memory:' })
      expect(refusal({ values })).to.match(/admin-host-names.*does not match/s)
    })

    it('each setting that it takes is one in the pod, with the value that was written', () => {
      const variables = serveVariables(folder, fixtures)
      const own = /"anykeeper\.ownSettings" -\}\}\{\{ list (.*?) \|/.exec(settingsTemplate())![1]!
      const left = (setting: AnySetting): boolean =>
        own.includes(`"${setting.name}"`) || setting.name.startsWith('admin-tls-')
      const config: Record<string, string> = { 'quorum-user': 'CORP\\quorum\\' }
      for (const setting of settings) {
        if (left(setting)) continue
        const text = variables[variableOf(setting)]
        if (setting.secret !== true) config[setting.name] ??= text!
        else if (hasTwin(setting)) config[`${setting.name}-file`] = join(folder, 'users')
      }
      expect(Object.keys(config)).to.have.length.above(110)
      const all = manifestsOf(render({ values: valuesFile(config) }))
      const conf = manifest(all, 'ConfigMap').data!['anykeeper.conf']!
      const { given, problems, warnings } = fromText(GROUPS, 'anykeeper.conf', conf)
      expect([problems, warnings]).to.deep.equal([[], []])
      for (const [setting, { text }] of given) {
        const wanted = config[setting.name]
        if (wanted !== undefined) expect(text, setting.name).to.equal(wanted)
      }
      const read = [...given.keys()].flatMap(({ name }) => [name, `${name}-file`])
      expect(Object.keys(config).filter((name) => !read.includes(name))).to.deep.equal([])
    })
  })

  /** The values of a file with these settings. JSON is YAML. */
  function valuesFile(config: Readonly<Record<string, string>>): readonly string[] {
    const file = join(folder, 'values.yaml')
    writeFileSync(file, JSON.stringify({ etcd: { enabled: true }, config }))
    return [file]
  }
})
