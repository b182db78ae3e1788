/** The file of SASL users: who is in it, as Java would read it, and who is not. */
import { expect } from 'chai'
import { parseSaslUsers } from '../../../../proxy/sasl/users.ts'

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required'
const server = (options: string): string => `Server { ${MODULE}\n ${options};\n};\n`

describe('proxy/sasl/users', () => {
  const files: [what: string, text: string, users: Record<string, string>][] = [
    [
      'the section of the server, not those of others',
      `Client { ${MODULE} user_x="no"; };\nQuorumServer { ${MODULE} user_q="no"; };\n${server('user_super="adminsecret" user_kafka="kafka secret"')}`,
      { super: 'adminsecret', kafka: 'kafka secret' },
    ],
    [
      'nobody in a comment, wherever it begins',
      server('user_a="x" // user_b="y"\n /* user_c="z" */ # user_d="w"\n'),
      { a: 'x' },
    ],
    [
      'marks of comments and of ends within quotes',
      server('user_a="x/*y" user_b="z*/};//w" user_c=\'"#\''),
      { a: 'x/*y', b: 'z*/};//w', c: '"#' },
    ],
    ['characters behind a backslash', server('user_a="p\\"q\\\\r\\101\\t"'), { a: 'p"q\\rA\t' }],
    [
      'words without quotes, and names within',
      server('user_a=x-1.5 "user_b c"="y"'),
      { a: 'x-1.5', 'b c': 'y' },
    ],
    [
      'entries of several modules',
      `Server { X required a="b"; ${MODULE} user_a="x"; };`,
      { a: 'x' },
    ],
    [
      'plain lines, of any system',
      '\ufeff# users\r\nkafka=a=b\r\n\r\n ann = c\r\n',
      { kafka: 'a=b', 'ann ': ' c' },
    ],
  ]
  for (const [what, text, users] of files) {
    it(`has ${what}`, () => {
      expect(Object.fromEntries(parseSaslUsers(text))).to.deep.equal(users)
    })
  }

  const refused: [what: string, text: string, says: string][] = [
    ['a line that is none', 'kafka', 'line 1 is not user=password'],
    ['nobody', '# nobody', 'names no user'],
    ['a section with nobody', server('debug=true'), 'names no user'],
    [
      'sections of others alone',
      `QuorumServer { ${MODULE} user_q="secret"; };`,
      'no section Server, only QuorumServer',
    ],
    ['a user twice', 'a=secret\na=other', '"a" is named twice'],
    ['a user twice in JAAS', server('user_a="secret" user_a="other"'), '"a" is named twice'],
    ['a user without a password', 'a=', '"a" has no password'],
    [
      'quotes that do not end',
      server('user_a="secret'),
      'line 2: a character that cannot stand there',
    ],
    [
      'a section that does not end',
      `Server { ${MODULE} user_a="secret"`,
      'at the end of the file: expected',
    ],
    [
      'a section twice',
      server('user_a="secret"') + server('user_b="secret"'),
      'one section "Server" only',
    ],
  ]
  for (const [what, text, says] of refused) {
    it(`is refused with ${what}, without a password in the error`, () => {
      expect(() => parseSaslUsers(text))
        .to.throw(says)
        .that.satisfies(({ message }: Error) => !message.includes('secret'))
    })
  }
})
