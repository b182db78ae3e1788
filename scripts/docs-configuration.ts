/** `npm run docs:configuration`: writes the tables of docs/configuration.md again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './lib/configuration-page.ts'

const page = new URL('../docs/configuration.md', import.meta.url)
writeFileSync(page, withTables(readFileSync(page, 'utf8')))
