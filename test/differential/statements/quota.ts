/** Hard quotas (P4), on servers that enforce them. */
import {
  acl,
  barrier,
  close,
  create,
  create2,
  createContainer,
  createTtl,
  ephemeral,
  getData,
  multi,
  on,
  remove,
  type Script,
  type ScriptRequest,
  type Step,
  sequential,
  setAcl,
  setData,
} from '../script.ts'

const limitsOf = (path: string) => `/zookeeper/quota${path}/zookeeper_limits`
const statsOf = (path: string) => `/zookeeper/quota${path}/zookeeper_stats`

/** Declares it, one request after the other, as the command line client does. */
function quota(path: string, limits: string | null, session = 'a'): Step[] {
  return [
    create(`/zookeeper/quota${path}`),
    create(limitsOf(path), { data: limits }),
    create(statsOf(path), { data: 'count=0,bytes=0' }),
  ].map((request) => on(session, request))
}

/** ZooKeeper judges by what is applied: what is sent behind a write that is under way is up to its clock. */
const oneByOne = (...requests: ScriptRequest[]): Step[] =>
  requests.map((request) => on('a', request))

const unreadable = [
  'count=x',
  'count=',
  '=1',
  'countHardLimit=1;=',
  ';countHardLimit=1',
  'countHardLimit=9223372036854775808',
  'countHardLimit=1.0',
  'countHardLimit = 1',
]
const readable = [
  '',
  ';',
  ',,;',
  'countHardLimit=3',
  'countHardLimit=+3;',
  'countHardLimit=3=9',
  'countHardLimit==9',
  'countHardLimit=-7',
  'countHardLimit=9;countHardLimit=3',
  'countHardLimit=9223372036854775807',
  'countHardLimit=0',
  'count=1,bytes=1',
  'count=1,bytes=-1=;byteHardLimit=-1;countHardLimit=3',
  'COUNTHARDLIMIT=1;other=5;countHardLimit=3',
  'bytes=1;byteHardLimit=4',
  'byteHardLimit=0',
]

const each = (limits: readonly string[]): Script =>
  limits.flatMap((text, i) => [
    ...oneByOne(create(`~/q${i}`)),
    ...quota(`~/q${i}`, text),
    ...oneByOne(
      create(`~/q${i}/a`, { data: 'ab' }),
      create(`~/q${i}/b`, { data: 'ab' }),
      create(`~/q${i}/c`, { data: 'ab' }),
      setData(`~/q${i}/a`, 'abc'),
      setData(`~/q${i}/a`, 'a'),
      multi({ op: 1, path: `~/q${i}/m` }, { op: 5, path: `~/q${i}/a`, data: 'abcdef' }),
      remove(`~/q${i}/a`),
      create(`~/q${i}/d`),
      getData(statsOf(`~/q${i}`)),
    ),
  ])

export const quotaScripts: Record<string, Script> = {
  'P4 count, by every kind of create': [
    ...oneByOne(create('/zookeeper/quota~')),
    ...oneByOne(create('~/q')),
    ...quota('~/q', 'count=-1,bytes=-1=;countHardLimit=2'),
    ...oneByOne(create('~/q/a'), create('~/q/b')),
    ...oneByOne(
      create2('~/q/c'),
      createContainer('~/q/c'),
      createTtl('~/q/c', 1_000),
      createTtl('~/q/c', 1_000, { flags: 6 }),
      ephemeral('~/q/c'),
      sequential('~/q/c'),
      create('~/q/c', { flags: 3 }),
      create('~/q/a/deep'),
      create('~/q2'),
    ),
    // What adds no znode is not refused.
    ...oneByOne(setData('~/q/a', 'long data'), setAcl('~/q/a', [acl(31)]), getData(statsOf('~/q'))),
    ...oneByOne(remove('~/q/a'), create('~/q/c'), create('~/q/d'), getData(statsOf('~/q'))),
  ],
  'P4 bytes, by create and setData': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q', { data: '1' })),
    ...quota('~/q', 'count=-1,bytes=-1=;byteHardLimit=5'),
    ...oneByOne(
      create('~/q/a', { data: '12345' }),
      create('~/q/a', { data: '1234' }),
      create('~/q/b'),
      create('~/q/c', { data: null }),
      create('~/q/d', { data: '1' }),
      setData('~/q/a', '12345'),
      setData('~/q/a', '1234'),
      setData('~/q/a', '123'),
      setData('~/q', '12'),
      setData('~/q', '123'),
      setData('~/q', null),
      setData('~/q', '12'),
      getData(statsOf('~/q')),
    ),
    // Beyond it already: less is allowed, as is the same.
    ...oneByOne(
      setData(limitsOf('~/q'), 'byteHardLimit=1'),
      setData('~/q/a', '999'),
      setData('~/q/a', '99'),
      setData('~/q/a', ''),
      create('~/q/e'),
      create('~/q/f', { data: '1' }),
      remove('~/q/b'),
      getData(statsOf('~/q')),
    ),
  ],
  'P4 the nearest quota counts, and only that one': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q'), create('~/q/r'), create('~/q/r/s')),
    ...quota('~/q', 'countHardLimit=3'),
    ...quota('~/q/r', 'countHardLimit=9'),
    ...oneByOne(
      create('~/q/x'),
      create('~/q/r/1'),
      create('~/q/r/2'),
      create('~/q/r/s/3'),
      create('~/q/r2'),
      getData(statsOf('~/q')),
      getData(statsOf('~/q/r')),
    ),
    ...oneByOne(
      setData(limitsOf('~/q/r'), 'count=1,bytes=1'),
      setData(limitsOf('~/q'), 'countHardLimit=0;byteHardLimit=0'),
      create('~/q/r/4', { data: 'beyond both' }),
      create('~/q/5'),
      remove(limitsOf('~/q/r')),
      create('~/q/r/6'),
    ),
  ],
  'P4 soft limits refuse nothing; a hard one counts instead of a soft one': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q')),
    ...quota('~/q', 'count=1,bytes=1'),
    ...oneByOne(create('~/q/a', { data: '12345' }), setData('~/q/a', '1234567')),
    ...oneByOne(setData(limitsOf('~/q'), 'count=1,bytes=1=;countHardLimit=3;byteHardLimit=9')),
    ...oneByOne(create('~/q/b'), create('~/q/c'), setData('~/q/b', '12'), setData('~/q/b', '123')),
    ...oneByOne(setData(limitsOf('~/q'), 'count=9,bytes=99=;countHardLimit=1;byteHardLimit=1')),
    ...oneByOne(create('~/q/d'), setData('~/q/b', '123')),
  ],
  'P4 operations of a multi do not see each other': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q')),
    ...quota('~/q', 'countHardLimit=2;byteHardLimit=4'),
    ...oneByOne(
      multi({ op: 1, path: '~/q/a', data: '12' }, { op: 1, path: '~/q/b', data: '12' }),
      getData(statsOf('~/q')),
      multi({ op: 1, path: '~/q/c' }, { op: 1, path: '~/q/d' }),
      multi({ op: 2, path: '~/q/a' }, { op: 1, path: '~/q/c' }),
      remove('~/q/a'),
      multi({ op: 2, path: '~/q/b' }, { op: 1, path: '~/q/c' }),
      getData(statsOf('~/q')),
      remove('~/q/b'),
      create('~/q/c', { data: '1' }),
      // The second one is judged by what the first one left.
      multi({ op: 5, path: '~/q/c', data: '1234' }, { op: 5, path: '~/q/c', data: '12345678' }),
      multi({ op: 5, path: '~/q/c', data: '12345' }, { op: 5, path: '~/q/c', data: '1' }),
      multi({ op: 5, path: '~/q/c', data: '1' }, { op: 13, path: '~/q/c', version: 99 }),
      getData(statsOf('~/q')),
    ),
    ...oneByOne(
      remove('~/q/c'),
      create('~/r'),
      multi(
        { op: 1, path: '/zookeeper/quota~/r' },
        { op: 1, path: limitsOf('~/r'), data: 'countHardLimit=0' },
        { op: 1, path: statsOf('~/r') },
        { op: 1, path: '~/r/a' },
      ),
      create('~/r/b'),
      multi({ op: 2, path: limitsOf('~/r') }, { op: 1, path: '~/r/b' }),
      multi({ op: 2, path: limitsOf('~/r') }, { op: 2, path: '~/r/a' }),
      create('~/r/b'),
    ),
  ],
  'P4 which error wins': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q'), create('~/q/a', { acl: [acl(1)] })),
    on('b', ephemeral('~/q/e')),
    barrier,
    ...quota('~/q', 'countHardLimit=0;byteHardLimit=0'),
    ...oneByOne(
      create('~/q/a/b'),
      create('~/q/a'),
      create('~/q/e/x'),
      create('~/q/./x'),
      create('~/q/x', { acl: [acl(31, 'nope', 'x')] }),
      create('~/q/absent/x'),
      setData('~/q/a', 'x', 9),
      setData('~/q', 'x', 9),
      setData('~/q', '', 9),
      setData('~/q/absent', 'x'),
      multi({ op: 13, path: '~/q', version: 9 }, { op: 1, path: '~/q/x' }),
      multi({ op: 1, path: '~/q/x' }, { op: 13, path: '~/q', version: 9 }),
      multi({ op: 1, path: '~/x' }, { op: 1, path: '~/q/x' }, { op: 1, path: '~/y' }),
    ),
    close('b'),
    barrier,
    ...oneByOne(getData(statsOf('~/q'))),
  ],
  'P4 without statistics, without limits, declared in another order': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q'), create('/zookeeper/quota~/q')),
    ...oneByOne(create(limitsOf('~/q'), { data: 'countHardLimit=1' }), create('~/q/a')),
    ...oneByOne(create(statsOf('~/q')), create('~/q/b'), getData(statsOf('~/q'))),
    ...oneByOne(remove(statsOf('~/q')), create('~/q/c'), remove('~/q/c')),
    ...oneByOne(create('~/s'), create('/zookeeper/quota~/s'), create(statsOf('~/s'))),
    ...oneByOne(create(limitsOf('~/s'), { data: 'countHardLimit=2' })),
    ...oneByOne(create('~/s/a'), create('~/s/b'), getData(statsOf('~/s'))),
    // Of a path that is not there yet.
    ...quota('~/t', 'countHardLimit=1'),
    ...oneByOne(create('~/t'), create('~/t/a'), remove('~/t'), create('~/t'), create('~/t/a')),
  ],
  'P4 what limits may say': [...oneByOne(create('/zookeeper/quota~')), ...each(readable)],
  'P4 limits that cannot be read': [...oneByOne(create('/zookeeper/quota~')), ...each(unreadable)],
  'P4 limits without data': [
    ...oneByOne(create('/zookeeper/quota~'), create('~/q')),
    ...quota('~/q', null),
    ...oneByOne(create('~/q/a'), setData('~/q', 'x'), multi({ op: 1, path: '~/q/b' })),
    ...oneByOne(remove(limitsOf('~/q')), create('~/q/a')),
  ],
}
