/** Runs something as a user who is not root, for whom permissions count: tests often run as root, for whom they do not. */

/** Of the system: nobody. */
const OTHER_ID = 65_534

/** All threads of this process are that user meanwhile. As whoever runs the tests, where that is not root. */
export async function asOtherUser<T>(run: () => Promise<T>): Promise<T> {
  const { seteuid, setegid, geteuid, getegid } = process
  if (geteuid?.() !== 0 || seteuid === undefined || setegid === undefined) return run()
  const group = getegid!()
  setegid(OTHER_ID)
  seteuid(OTHER_ID)
  try {
    return await run()
  } finally {
    seteuid(0)
    setegid(group)
  }
}
