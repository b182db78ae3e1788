/** What the file system refuses, as Node says it and as the driver does: with or without the step that it was at. */
import { expect } from 'chai'
import { fromFileSystem } from '../../../adapters/embedded/errors.ts'

const TEXTS: readonly (readonly [text: string, code: string, expected: RegExp])[] = [
  ['No space left on device', 'ENOSPC', /^STORE_NO_SPACE there is no space left for \/d$/],
  ['Disk quota exceeded', 'EDQUOT', /^STORE_NO_SPACE there is no space left for \/d$/],
  ['File too large', 'EFBIG', /^STORE_NO_SPACE there is no space left for \/d$/],
  ['Permission denied', 'EACCES', /^STORE_UNAVAILABLE \/d cannot be written by this user/],
  ['Read-only file system', 'EROFS', /^STORE_UNAVAILABLE \/d is on a read-only file system$/],
]

describe('adapters/embedded/errors', () => {
  for (const [text, code, expected] of TEXTS) {
    it(text, () => {
      const said = (error: unknown): string => {
        const { code, message } = fromFileSystem(error, '/d')
        return `${code} ${message}`
      }
      expect(said(new Error(text))).to.match(expected)
      expect(said(new Error(`${text}: Attempting to setup locks after open`))).to.match(expected)
      expect(said(Object.assign(new Error(`${code}: ${text}, open`), { code }))).to.match(expected)
      expect(said(new Error(`not ${text}`))).to.match(/^STORE_UNAVAILABLE \/d cannot be used: not /)
    })
  }
})
