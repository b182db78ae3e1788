/** How much data a znode may have. Neighbours: data-routes, tree-route. */
import type { ProxyHost } from '../../../host.ts'

/** What a setData has besides path and data, bytes: header, two lengths and the version. */
const SET_DATA_BYTES = 20

/** As much as a client could write there (jute.maxbuffer), bytes. */
export const dataBytesMax = ({ options }: ProxyHost, path: string): number =>
  Math.max(0, options.frameBytesMax - SET_DATA_BYTES - Buffer.byteLength(path))
