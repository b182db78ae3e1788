/** A walk over names is in the order of paths, and what stays in the tree is found once, however often it ends and begins again. */
import { expect } from 'chai'
import { inTurns } from '../../../../proxy/admin/http/api/search-route.ts'
import { SearchWalk } from '../../../../proxy/admin/http/api/search-walk.ts'

/** As much of a tree as a walk looks at. */
class Tree {
  readonly #nodes = new Map<string, Set<string>>([['/', new Set()]])
  descendants = 0

  get(path: string) {
    const children = this.#nodes.get(path)
    if (children === undefined) return undefined
    const below = [...this.#nodes.keys()].filter((one) => one !== path && isBelow(one, path))
    return { children, childCount: children.size, descendants: below.length } as never
  }
  paths(): string[] {
    return [...this.#nodes.keys()]
  }
  add(path: string): void {
    const at = path.lastIndexOf('/')
    const parent = this.#nodes.get(path.slice(0, at) || '/')
    if (parent === undefined || this.#nodes.has(path)) return
    parent.add(path.slice(at + 1))
    this.#nodes.set(path, new Set())
  }
  remove(path: string): void {
    if (path === '/') return
    for (const one of this.paths()) if (isBelow(one, path)) this.#nodes.delete(one)
    const at = path.lastIndexOf('/')
    this.#nodes.get(path.slice(0, at) || '/')?.delete(path.slice(at + 1))
  }
}

const isBelow = (path: string, other: string) =>
  path === other || path.startsWith(other === '/' ? '/' : `${other}/`)

/** Parents first, and children by name. */
function inOrder(a: string, b: string): number {
  const [one, other] = [a.split('/'), b.split('/')]
  const at = one.findIndex((name, i) => name !== other[i])
  if (at < 0) return one.length - other.length
  const [x = '', y] = [one[at], other[at]]
  return y === undefined || x > y ? 1 : -1
}

/** The same numbers from the same seed. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; state = (state * 1_103_515_245 + 12_345) % 0x80000000) yield state >> 8
}

describe('proxy/admin/search-walk', () => {
  const isWanted = (name: string) => name.includes('w')

  function made(seed: number) {
    const random = numbers(seed)
    const pick = (below: number) => (random.next().value as number) % below
    const tree = new Tree()
    const grow = () => {
      const paths = tree.paths()
      const parent = paths[pick(Math.min(paths.length, 1 + pick(20)))] ?? '/'
      const name = `${pick(3) === 0 ? 'w' : 'n'}${pick(40)}`
      tree.add(parent === '/' ? `/${name}` : `${parent}/${name}`)
    }
    for (let i = 0; i < 120; i++) grow()
    return { tree, pick, grow }
  }

  function walked(tree: Tree, from: string, bounds: Bounds, between: () => void) {
    const found: string[] = []
    let behind: string | undefined
    for (let requests = 1; ; requests++) {
      expect(requests).to.be.below(1_000)
      const walk = new SearchWalk(tree, { ...bounds, from, behind, isWanted })
      for (const _ of walk.steps()) {
        // Each step is one name.
      }
      expect(walk.found.length).to.be.at.most(bounds.foundMax)
      found.push(...walk.found)
      if (walk.isDone) return { found, requests }
      expect(walk.place).to.not.equal(behind)
      behind = walk.place
      between()
    }
  }
  type Bounds = { foundMax: number; lookedMax: number; sortedMax: number }

  it('all that is wanted, in order, with any bounds', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { tree, pick } = made(seed)
      const from = tree.paths()[pick(10)] ?? '/'
      const bounds = { foundMax: 1 + pick(9), lookedMax: 1 + pick(30), sortedMax: 1 + pick(9) }
      const { found, requests } = walked(tree, from, bounds, () => {})
      const wanted = tree
        .paths()
        .filter((path) => path !== from && isBelow(path, from))
        .filter((path) => isWanted(path.slice(path.lastIndexOf('/') + 1)))
      expect(found, `seed ${seed}`).to.deep.equal(wanted.sort(inOrder))
      expect(requests).to.be.at.least(found.length / bounds.foundMax)
    }
  })

  it('what stays is found once, whatever comes and goes meanwhile, the place where a walk ended included', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { tree, pick, grow } = made(seed)
      const before = new Set(tree.paths())
      const gone = new Set<string>()
      const bounds = { foundMax: 1 + pick(3), lookedMax: 1 + pick(9), sortedMax: 1 + pick(9) }
      const { found } = walked(tree, '/', bounds, () => {
        const paths = tree.paths()
        const path = paths[pick(paths.length)] as string
        if (pick(3) === 0) tree.remove(path)
        else grow()
        for (const one of before) if (tree.get(one) === undefined) gone.add(one)
      })
      const stayed = [...before].filter((path) => !gone.has(path))
      const wanted = stayed.filter((path) => isWanted(path.slice(path.lastIndexOf('/') + 1)))
      expect(found, `seed ${seed}`).to.include.members(wanted)
      expect(new Set(found).size).to.equal(found.length)
    }
  })

  it('of a wide parent without anything wanted, all is looked at in one walk, and the next one begins behind it', () => {
    const tree = new Tree()
    for (let i = 0; i < 50; i++) tree.add(`/n${i}`)
    for (let i = 0; i < 50; i++) tree.add(`/n0/n${i}`)
    tree.add('/n0/n1/w')
    tree.add('/z')
    tree.add('/z/w')
    const bounds = { foundMax: 10, lookedMax: 10, sortedMax: 4 }
    const { found, requests } = walked(tree, '/n0', bounds, () => {})
    expect(found).to.deep.equal(['/n0/n1/w'])
    expect(requests).to.be.at.most(3)
    expect(walked(tree, '/', bounds, () => {}).found).to.deep.equal(['/n0/n1/w', '/z/w'])
  })

  it('steps are made for a millisecond in one turn, and not for somebody who has left', async () => {
    let nowMs = 0
    let made = 0
    const clock = { monotonic: () => nowMs }
    const steps = (function* () {
      for (; made < 1_000; made++) {
        nowMs += 0.01
        yield
      }
    })()
    const perTurn: number[] = []
    let last = 0
    const look = () => {
      perTurn.push(made - last)
      last = made
      return perTurn.length === 5
    }
    await inTurns(steps, clock, look)
    // Looked at each 64 steps.
    expect(Math.max(...perTurn)).to.be.at.most(128)
    expect(perTurn).to.have.length(5)
    expect(made).to.be.below(1_000)
  })
})
