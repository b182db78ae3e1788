/** Writes what the chart knows of the settings: `npm run deploy:settings`. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configSchema, DEFINITIONS, settingsTemplate } from './lib/chart-settings.ts'

const chart = fileURLToPath(new URL('../deploy/helm/anykeeper/', import.meta.url))
writeFileSync(`${chart}templates/_settings.tpl`, settingsTemplate())

const file = `${chart}values.schema.json`
const schema = JSON.parse(readFileSync(file, 'utf8'))
Object.assign(schema.$defs, DEFINITIONS)
schema.properties.config = configSchema()
writeFileSync(file, JSON.stringify(schema))
const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url))
execFileSync(biome, ['format', '--write', file], { stdio: 'inherit' })
