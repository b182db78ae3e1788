/**
 * A service registry: each instance of the service echo announces itself, and follows which others are there; clients of Curator's
 * x-discovery find it too. Argument: the instance's name, the same at every start. Deleted by somebody else, or gone with its session,
 * it announces itself again.
 */
import { connect, ServiceDiscovery } from 'anykeeper'

const id = process.argv[2] ?? `instance-${process.pid}`

const zk = await connect(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379', {
  timeoutMs: 10_000,
  // After the end of a session comes another one.
  renew: true,
  onState: (state) => console.log(`session ${state}`),
})
const services = new ServiceDiscovery(zk, '/services', {
  onError: (error) => console.log(`not now: ${error}`),
})
const echo = services.provider('echo')
echo.onChange((instances) => {
  console.log(`instances: ${instances.map((instance) => instance.id).join(' ')}`)
})
await services.register({
  name: 'echo',
  id,
  address: '127.0.0.1',
  payload: { pid: process.pid },
})
await echo.start()

process.once('SIGTERM', async () => {
  await services.close()
  await zk.close()
})
