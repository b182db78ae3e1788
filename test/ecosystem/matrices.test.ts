/**
 * The tables of recipes and faults on real servers with real clocks: on etcd, and over the wire on anykeeper and on ZooKeeper. A
 * selection, another one on each; `RECIPES=all`: all of them; the name of a table as in `RECIPES=creates`: all of that one.
 */
import type { Context } from 'mocha'
import { type ClientBed, type RunningBed, wireBeds } from '../support/client-beds.ts'
import { openEtcdBed } from '../support/etcd-bed.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { type OpenBed, testTogether } from '../support/matrix-cells.ts'
import { cellsOf, type MatrixBed, TABLES, type TableName } from '../support/matrix-plan.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { openWireBed } from '../support/wire-bed.ts'

/** Each is three clients that mostly wait; on etcd each of them is a member, and all in one process. */
const LANES = { etcd: 8, anykeeper: 12, zookeeper: 12 } as const

const { RECIPES = '' } = process.env
const isOne = RECIPES in TABLES
const isAll = RECIPES === 'all' || isOne
const tables = (isOne ? [RECIPES] : Object.keys(TABLES)) as TableName[]

function testBed(bed: Exclude<MatrixBed, 'memory'>, open: () => Promise<OpenBed>): void {
  describe('recipes × faults', () => {
    const cells = tables.flatMap((table) => cellsOf(bed, table, isAll))
    testTogether(cells, open, LANES[bed])
  })
}

describe('on etcd', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
  })
  after(async () => {
    await etcd?.stop()
  })

  testBed('etcd', () => openEtcdBed(etcd.host))
})

for (const [at, bed] of (['anykeeper', 'zookeeper'] as const).entries()) {
  const place = wireBeds[at] as ClientBed
  describe(place.name, function () {
    this.timeout(120_000)
    let running: RunningBed
    before(async function (this: Context) {
      requireOrSkip(this, ...place.needs)
      running = await place.start()
    })
    after(() => running?.stop())

    testBed(bed, () => openWireBed(running))
  })
}
