/** Each error that the docstrings of the package's doors promise, besides those of the client and its recipes: a call that throws it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { DOORS, ELSEWHERE_OF_DOORS } from '../support/throws/doors.ts'
import { BELOW, Place } from '../support/throws/place.ts'
import { promisesOf, takersOfOptions, wordsOf } from '../support/throws/promises.ts'
import { givenUnknown, TAKERS_OF_DOORS, TYPED_ALONE } from '../support/throws/unknown-options.ts'

/** The client's have a table of their own: test/keeper/throws.test.ts. */
const isOurs = (file: string): boolean => !/\/(?:node_modules|lib\/client)\//.test(file)
const NAMES = ['index.ts', 'adapters/index.ts', 'proxy/index.ts']
const PROMISES = NAMES.flatMap((door) => promisesOf(door, isOurs))

const partsOf = (promise: string) => promise.split(' ') as [name: string, error: string]

describe('what the docstrings of the doors say that a call throws', () => {
  it('has a call each in the table, and the table has no more', () => {
    const isInTable = (promise: string): boolean => {
      const [name, error] = partsOf(promise)
      return DOORS[name]?.[error] !== undefined
    }
    expect(PROMISES.length).to.be.greaterThan(80)
    expect(PROMISES.filter((one) => !isInTable(one) && !(one in ELSEWHERE_OF_DOORS))).to.deep.equal(
      [],
    )
    const calls = Object.entries(DOORS).flatMap(([name, row]) =>
      Object.keys(row).map((error) => `${name} ${error}`),
    )
    const inTables = [...calls, ...Object.keys(ELSEWHERE_OF_DOORS)]
    expect(inTables.filter((one) => !PROMISES.includes(one))).to.deep.equal([])
    const gone = Object.entries(ELSEWHERE_OF_DOORS).filter(([promise, file]) => {
      const text = readFileSync(file, 'utf8')
      const [name, error] = partsOf(promise)
      const [owner = '', member = owner] = name.split('.')
      // Of the store, and of all its methods.
      const words = [error, ...(member === 'MetadataStore' ? [] : [member])]
      return !words.every((word) => text.includes(word))
    })
    expect(gone).to.deep.equal([])
  })

  it('what takes options refuses one that it does not know', async () => {
    const takers = NAMES.flatMap((door) => takersOfOptions(door, isOurs))
    const inTables = [...Object.keys(TAKERS_OF_DOORS), ...TYPED_ALONE]
    expect(takers.toSorted()).to.deep.equal(inTables.toSorted())
    const place = new Place()
    try {
      const wrong: string[] = []
      for (const [name, take] of Object.entries(TAKERS_OF_DOORS)) {
        wrong.push(...(await givenUnknown(name, (options) => take(place, options))))
      }
      expect(wrong).to.deep.equal([])
    } finally {
      await place.end()
    }
  })

  for (const promise of PROMISES) {
    const [name, error] = partsOf(promise)
    for (const [at, call] of [DOORS[name]?.[error] ?? []].flat().entries()) {
      it(`${promise}${at === 0 ? '' : `, ${at + 1}`}`, async () => {
        const place = new Place()
        try {
          const words = await (async () => call(place))().then(
            () => ['fulfilled'],
            (thrown: unknown) => wordsOf(thrown, BELOW),
          )
          expect(words).to.include(error)
        } finally {
          await place.end()
        }
      })
    }
  }
})
