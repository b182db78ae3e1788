/** `anykeeper/conformance`: what a store must pass. Needs mocha and chai. */
export { type KeeperConformanceOptions, keeperConformance } from './keeper.ts'
export { type StoreConformanceOptions, type StoreFixture, storeConformance } from './store.ts'
