import { expect } from 'chai'
import { familyPaths, tree, treePath } from '../../../bench/load/fixture.ts'
import { findLoad, loadNames } from '../../../bench/load/loads.ts'
import { Skimmer } from '../../../bench/load/skimmer.ts'
import { parseOptions } from '../../../bench/options.ts'
import { GOALS } from '../../../bench/report/goals.ts'

describe('bench: loads', () => {
  it('every name leads to a load', () => {
    for (const name of loadNames()) {
      const load = findLoad(name.replace(/N$/, '1000'))
      expect(load.about, name).to.not.equal('')
    }
    for (const name of Object.keys(GOALS)) findLoad(name)
  })

  it('other names do not', () => {
    for (const name of ['nothing', 'get:5', 'children:', 'children:0', 'toString', 'watch']) {
      expect(() => findLoad(name), name).to.throw(TypeError)
    }
  })

  it('a path in the tree is one that is made', () => {
    const paths = familyPaths(tree(3_000))
    expect(paths).to.have.length(3_000)
    for (const number of [0, 999, 1_000, 2_999]) {
      expect(paths[number]).to.equal(treePath(number))
    }
    expect(() => tree(1_500)).to.throw(RangeError)
  })
})

describe('bench: skimmer', () => {
  function packet(xid: number, bytes: number): Buffer {
    const out = Buffer.alloc(8 + bytes)
    out.writeInt32BE(4 + bytes)
    out.writeInt32BE(xid, 4)
    return out
  }
  const stream = Buffer.concat([packet(1, 0), packet(2, 100), packet(3, 1), packet(4, 0)])

  for (const step of [1, 3, 8, 20, stream.length]) {
    it(`sees every packet in chunks of ${step}`, () => {
      const seen: number[] = []
      let ended = 0
      const skimmer = new Skimmer(8, {
        begin: (bytes, at) => void seen.push(bytes.readInt32BE(at + 4)),
        end: () => void ended++,
      })
      // As from a socket whose buffer is used again: the rest of it is another chunk's.
      const input = Buffer.alloc(stream.length, 0xff)
      for (let at = 0; at < stream.length; at += step) {
        const length = stream.copy(input, 0, at, at + step)
        skimmer.feed(input, length)
      }
      expect(seen).to.deep.equal([1, 2, 3, 4])
      expect(ended).to.equal(4)
    })
  }
})

describe('bench: command line', () => {
  const suites = ['loads', 'memory']

  it('has defaults', () => {
    expect(parseOptions([], suites)).to.include({ suite: 'loads', write: false, quick: false })
  })

  it('takes what it knows', () => {
    const args = ['memory', '--sizes', '10,20', '--only', 'get,children:10', '--rounds', '2']
    const options = parseOptions(args, suites)
    expect(options.suite).to.equal('memory')
    expect(options.sizes).to.deep.equal([10, 20])
    expect(options.loads).to.deep.equal(['get', 'children:10'])
    expect(options.rounds).to.equal(2)
  })

  const wrong = [
    ['nothing'],
    ['loads', 'memory'],
    ['--only', 'nothing'],
    ['--peers', 'nobody'],
    ['--rounds', '0'],
    ['--seconds', 'x'],
    ['--sizes', '1,-2'],
    ['--nothing'],
    ['--quick', '--write'],
  ]
  for (const args of wrong) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => parseOptions(args, suites)).to.throw(TypeError)
    })
  }
})
