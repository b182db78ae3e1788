/** A fault of ours, wherever something of an object is read. Neighbour: unhandled (why a test that uses this passes a logger). */

/** The next look at `target[name]` throws; what it was before is there again behind that. */
export function failOnce<T extends object>(target: T, name: keyof T): void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, {
    configurable: true,
    get() {
      if (before === undefined) delete target[name]
      else Object.defineProperty(target, name, before)
      throw new TypeError('injected')
    },
  })
}
