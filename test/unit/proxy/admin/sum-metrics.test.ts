import { expect } from 'chai'
import fc from 'fast-check'
import { type Metric, sumMetrics } from '../../../../proxy/admin/sum-metrics.ts'

describe('proxy/admin/sum-metrics', () => {
  const sum = (...lists: Metric[][]) => Object.fromEntries(sumMetrics(lists))

  it('adds up what each process has of its own', () => {
    expect(
      sum(
        [
          ['packets_received', 3],
          ['num_alive_connections', 1],
          ['watch_count', 2],
          ['anykeeper_commit_batches', 5],
        ],
        [
          ['packets_received', 4],
          ['num_alive_connections', 2],
          ['watch_count', 0],
          ['anykeeper_commit_batches', 6],
        ],
      ),
    ).to.deep.equal({
      packets_received: 7,
      num_alive_connections: 3,
      watch_count: 2,
      anykeeper_commit_batches: 11,
    })
  })

  it('does not add up what they share, nor what each has a bound of', () => {
    const list: Metric[] = [
      ['version', '3.8'],
      ['znode_count', 5],
      ['approximate_data_size', 100],
      ['uptime', 10],
      ['anykeeper_proxies', 2],
      ['open_file_descriptor_count', 20],
      ['max_file_descriptor_count', 1_000],
      ['anykeeper_request_bytes_peak', 7],
      ['anykeeper_p99_loop_delay', 3],
      ['anykeeper_worker', 1],
    ]
    const other = list.map(([name, value]): Metric => {
      return [name, name === 'anykeeper_worker' ? 2 : value]
    })
    expect(sum(list, other)).to.deep.equal(Object.fromEntries(list))
  })

  it('weights averages, and takes minima only of those that have seen a value', () => {
    const of = (seen: number, avg: string, min: number, max: number): Metric[] => [
      ['packets_received', seen],
      ['avg_latency', avg],
      ['min_latency', min],
      ['max_latency', max],
    ]
    const updates: Metric[] = [
      ['avg_updatelatency', '8.0000'],
      ['min_updatelatency', 4],
      ['cnt_updatelatency', 1],
      ['anykeeper_avg_loop_delay', '1.0000'],
      ['anykeeper_cnt_loop_delay', 9],
    ]
    const none: Metric[] = [
      ['avg_updatelatency', '0.0000'],
      ['min_updatelatency', 0],
      ['cnt_updatelatency', 0],
      ['anykeeper_avg_loop_delay', '2.0000'],
      ['anykeeper_cnt_loop_delay', 1],
    ]
    expect(
      sum(
        [...of(30, '1.0000', 1, 5), ...updates],
        [...of(10, '5.0000', 2, 9), ...none],
        of(0, '0.0000', 0, 0),
      ),
    ).to.deep.equal({
      packets_received: 40,
      avg_latency: '2.0000',
      min_latency: 1,
      max_latency: 9,
      avg_updatelatency: '8.0000',
      min_updatelatency: 4,
      cnt_updatelatency: 1,
      anykeeper_avg_loop_delay: '1.1000',
      anykeeper_cnt_loop_delay: 10,
    })
  })

  it('serves if all do; is a leader if one is', () => {
    const of = (serving: number, mode: string): Metric[] => [
      ['anykeeper_serving', serving],
      ['server_state', mode],
    ]
    expect(sum(of(1, 'follower'), of(0, 'leader'))).to.deep.equal({
      anykeeper_serving: 0,
      server_state: 'leader',
    })
  })

  it('keeps the order of the first, and what only others have', () => {
    expect(
      sumMetrics([
        [
          ['b', 1],
          ['a', 2],
        ],
        [
          ['c', 3],
          ['a', 4],
        ],
      ]),
    ).to.deep.equal([
      ['b', 1],
      ['a', 6],
      ['c', 3],
    ])
    expect(sumMetrics([])).to.deep.equal([])
  })

  it('one list is itself', () => {
    const metric = fc.tuple(fc.string({ minLength: 1 }), fc.oneof(fc.nat(), fc.string()))
    fc.assert(
      fc.property(fc.uniqueArray(metric, { selector: ([name]) => name }), (list) => {
        expect(sumMetrics([list])).to.deep.equal(list)
      }),
    )
  })
})
