/**
 * Serves the page at /ui/. It has no secret in it, so anybody may have it; what it shows comes from the API, with the credentials that
 * were entered by hand. Neighbours: page-files, http/guard.
 */
import { type Call, HttpError } from '../http/call.ts'
import type { Guard } from '../http/guard.ts'
import type { Route } from '../http/router.ts'
import { pageFiles } from './page-files.ts'

export function pageRoutes(guard: Guard): readonly Route[] {
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle })
  return [
    get('/', (call) => redirect(call, 'ui/')),
    get('/ui', (call) => {
      if (!call.path.endsWith('/')) return redirect(call, 'ui/')
      return answer(guard, call, 'index.html')
    }),
    get('/ui/:file', (call) => answer(guard, call, call.params.file ?? '')),
  ]
}

/** Relative: a proxy in front may serve it below a path of its own. */
function redirect(call: Call, location: string): void {
  call.send(302, 'text/plain; charset=utf-8', `See ${location}\n`, { location })
}

async function answer(guard: Guard, call: Call, name: string): Promise<void> {
  guard.checkName(call)
  const { files, securityPolicy } = await pageFiles()
  const file = files.get(name)
  if (file === undefined) throw new HttpError(404, `There is nothing at ${call.path}.`)
  call.send(200, file.type, file.bytes, {
    'content-security-policy': securityPolicy,
    'cross-origin-opener-policy': 'same-origin',
  })
}
