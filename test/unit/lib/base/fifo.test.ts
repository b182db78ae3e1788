import { expect } from 'chai'
import fc from 'fast-check'
import { Fifo } from '../../../../lib/base/fifo.ts'

describe('base/fifo', () => {
  it('is as an array is, whatever is put in and taken out', () => {
    const step = fc.oneof(
      fc.record({ push: fc.nat() }),
      fc.record({ shift: fc.nat({ max: 90 }) }),
      fc.record({ unshift: fc.array(fc.nat(), { maxLength: 3 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new Fifo<number>()
        const model: number[] = []
        for (const one of steps) {
          if ('push' in one) {
            for (let i = 0; i < 40; i++) queue.push(one.push + i)
            for (let i = 0; i < 40; i++) model.push(one.push + i)
          } else if ('unshift' in one) {
            queue.unshift(one.unshift)
            model.unshift(...one.unshift)
          } else {
            for (let i = 0; i < one.shift && model.length > 0; i++) {
              expect(queue.shift()).to.equal(model.shift())
            }
          }
          expect([queue.length, queue.first]).to.deep.equal([model.length, model[0]])
        }
        expect([...queue]).to.deep.equal(model)
      }),
    )
  })
})
