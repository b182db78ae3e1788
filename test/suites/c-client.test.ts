/** ZooKeeper's own C client, libzookeeper-mt, by test/suites/c/. */
import { join } from 'node:path'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'
import { testOwnProgram } from './own-program.ts'

describe('C client', () => {
  testOwnProgram({
    heading: 'C client',
    needs: ['zookeeper-c'],
    async compile() {
      const program = join(temporaryFolder('c-client'), 'suite')
      const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror']
      const libraries = ['-lzookeeper_mt', '-lpthread']
      await compileWith('cc', [...flags, '-o', program, ...sourcesIn('c', '.c'), ...libraries])
      return [program]
    },
  })
})
