/** A record that is longer than the bytes that are there. Neighbour: reader. */
import { WireError } from '../../model/errors.ts'

/** Where more bytes may come, the record can be read again once these are there. */
export class TruncatedError extends WireError {
  /** At least so many bytes more are needed. */
  readonly missing: number

  constructor(wanted: number, left: number) {
    super(`record ends early: ${wanted} bytes wanted, ${left} left`)
    this.missing = wanted - left
  }
}
