/** etcd3's own retries and breakers, turned off: the adapter knows itself what may be repeated. */
import type { IOptions } from 'etcd3'

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>

const neverFires = () => ({ dispose: () => {} })

/** Runs each call once, as it is. */
export const noPolicy: Policy = {
  // Exists in the type only.
  _altReturn: undefined as never,
  onSuccess: neverFires,
  onFailure: neverFires,
  execute: async (call, signal = new AbortController().signal) => call({ signal }),
}
