/** Which cell of the tables of recipes and faults runs on which bed. Neighbours: matrix-cells, recipe-matrix, living-matrix, work-matrix, create-matrix. */
import { createCells } from './create-matrix.ts'
import { livingCells } from './living-matrix.ts'
import { type Cell, selection } from './matrix-cells.ts'
import { recipeCells } from './recipe-matrix.ts'
import { workCells } from './work-matrix.ts'

/** Members on memory:, members on etcd, and over the wire to anykeeper and to ZooKeeper. */
export const MATRIX_BEDS = ['memory', 'etcd', 'anykeeper', 'zookeeper'] as const
export type MatrixBed = (typeof MATRIX_BEDS)[number]

export const TABLES = {
  recipes: recipeCells,
  livings: livingCells,
  works: workCells,
  creates: createCells,
} as const
export type TableName = keyof typeof TABLES

/** All where the clock is the test's own, or with `isAll`; else a selection, another one on each bed. */
export function cellsOf(bed: MatrixBed, table: TableName, isAll = false): readonly Cell[] {
  const all = TABLES[table]
  return isAll || bed === 'memory' ? all : selection(all, MATRIX_BEDS.indexOf(bed))
}
