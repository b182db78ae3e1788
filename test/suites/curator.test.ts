/** Apache Curator's recipes and service discovery, by test/suites/curator/. */
import { join } from 'node:path'
import { curatorLibs } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'
import { testOwnProgram } from './own-program.ts'

describe('Curator', () => {
  testOwnProgram({
    heading: 'Curator',
    needs: ['jdk', 'curator'],
    async compile() {
      const classes = temporaryFolder('curator')
      const libs = join(curatorLibs(), '*')
      const sources = sourcesIn('curator', '.java')
      await compileWith('javac', ['-nowarn', '-proc:none', '-cp', libs, '-d', classes, ...sources])
      const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
      return ['java', ...flags, '-cp', `${classes}:${libs}`, 'Suite']
    },
  })
})
