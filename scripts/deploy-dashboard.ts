/** Writes the dashboard of the chart: `npm run deploy:dashboard`. */
import { writeFileSync } from 'node:fs'
import { dashboard } from './lib/dashboard.ts'

writeFileSync(
  new URL('../deploy/helm/anykeeper/files/dashboard.json', import.meta.url),
  dashboard(),
)
