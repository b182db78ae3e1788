/** The scripts with their arguments and replies. Neighbours: lua.ts, lua-commit.ts, scripts.ts. */
import { COMMON, IN_BLOCKS, LEASES, OPENED, REFUSED } from './lua.ts'
import { COMMITTING } from './lua-commit.ts'

const COMMITTER = `${OPENED}${IN_BLOCKS}${COMMITTING}`

/**
 * The keys of a lease are the members of `bound` from its 8 bytes up to those of the next lease.
 */
const ENDING = `
local function after(lease)
  local bytes = {byte(lease, 1, 8)}
  for i = 8, 1, -1 do
    bytes[i] = (bytes[i] + 1) % 256
    if bytes[i] > 0 then break end
  end
  return string.char(unpack(bytes))
end

local function endLease(lease)
  local members = call('ZRANGEBYLEX', BOUND, '[' .. lease, '(' .. after(lease))
  local keys = {}
  for i = 1, #members do keys[i] = sub(members[i], 9) end
  call('HDEL', TTLS, lease)
  call('ZREM', DEADLINES, lease)
  commit({}, {}, {}, keys)
end
`

/**
 * ARGV: a new incarnation, the format. → compacted, format, incarnation. First it tries, without
 * effect, each command that a script uses: one that the user may not run, or that the server lacks,
 * would otherwise end a script halfway.
 */
const open = `${COMMON}
evenWithoutMemory()
for _, try in ipairs({
  {'HSET', STATE, '', ''}, {'HDEL', STATE, ''}, {'ZADD', INDEX, 'XX', '0', ''}, {'ZREM', INDEX, ''},
  {'XADD', FEED, 'NOMKSTREAM', '0-1', 'e', ''}, {'XTRIM', FEED, 'MINID', '0-0'},
  {'ZREMRANGEBYSCORE', GENERATIONS, '-inf', '(0'}, {'HGETALL', TTLS}, {'HEXISTS', TTLS, ''},
  {'HGET', TTLS, ''}, {'ZSCORE', DEADLINES, ''}, {'ZRANGE', GENERATIONS, '0', '0'}, {'TIME'},
  {'ZRANGEBYLEX', INDEX, '-', '-'}, {'ZREVRANGEBYLEX', INDEX, '-', '-'},
  {'ZRANGEBYSCORE', DEADLINES, '-inf', '(0'}, {'ZREVRANGEBYSCORE', GENERATIONS, '(0', '-inf'},
}) do
  local outcome = redis.pcall(unpack(try))
  if type(outcome) == 'table' and outcome.err and not string.find(outcome.err, 'equal or smaller') then
    return outcome
  end
end
local state = call('HMGET', STATE, 'format', 'incarnation', 'revision', 'compacted')
if state[1] then
  return {0, tonumber(state[3]), tonumber(state[4]), tonumber(state[1]), state[2]}
end
if call('EXISTS', unpack(KEYS)) > 0 then return {${REFUSED.damaged}} end
call('HSET', STATE, 'format', ARGV[2], 'incarnation', ARGV[1], 'revision', '1', 'compacted', '0',
  'server', server, 'generation', '1', 'fed', '0', 'generationFed', '0', 'attendedBy', '', 'sweptMs', '0')
call('ZADD', GENERATIONS, '1', '1:0')
return {0, 1, 0, tonumber(ARGV[2]), ARGV[1]}
`

/** ARGV: incarnation. → compacted. */
const look = `${OPENED}
return {0, revision, compacted}
`

/**
 * ARGV: incarnation, feedBytesMax, count of compares, count of ops, one string with all of them,
 * then the large values in order. Each compare and op is kind:1 length:4 key length:4 operand.
 * Compares: c, m, v with 8 bytes, or = with a value. Ops: p with the value; l with lease and value;
 * P and L for the next large value, without and with a lease as operand; d; and r with start as key
 * and end as operand, both in ZRANGEBYLEX's notation. → committed (1 or 0).
 */
const txn = `${COMMITTER}${LEASES}
local FROM = {[99] = 1, [109] = 9, [118] = 17}
local items, at = ARGV[5], 1
local kinds, keys, operands = {}, {}, {}
for i = 1, tonumber(ARGV[3]) do
  kinds[i], keys[i], operands[i], at = read('>BI4c0I4c0', items, at)
end
local records = fetch(keys)
for i = 1, #keys do
  local from, record, operand = FROM[kinds[i]], records[i], operands[i]
  local holds
  if from then
    holds = (record and sub(record, from, from + 7) or NO_LEASE) == operand
  elseif record and byte(record, HEAD_BYTES) == 1 then
    holds = call('HGET', VALUES, keys[i]) == operand
  else
    holds = record and sub(record, HEAD_BYTES + 1) == operand
  end
  if not holds then return {0, revision, 0} end
end

local puts, values, options, deletes, named = {}, {}, {}, {}, {}
local n, argument = 0, 5
for _ = 1, tonumber(ARGV[4]) do
  local kind, key, operand
  kind, key, operand, at = read('>BI4c0I4c0', items, at)
  if kind == 100 then
    deletes[#deletes + 1] = key
  elseif kind == 114 then
    local within = call('ZRANGEBYLEX', INDEX, key, operand)
    for i = 1, #within do deletes[#deletes + 1] = within[i] end
  else
    n = n + 1
    puts[n] = key
    if kind == 112 then
      values[n], options[n] = operand, NO_LEASE
    else
      local lease = NO_LEASE
      if kind ~= 80 then
        lease = sub(operand, 1, 8)
        named[lease] = true
      end
      if kind == 108 then
        values[n], options[n] = sub(operand, 9), lease
      else
        argument = argument + 1
        values[n], options[n] = ARGV[argument], lease .. '+'
      end
    end
  end
end
if next(named) then
  local now = nowMs()
  attend(now)
  for lease in pairs(named) do
    if not isAlive(lease, now) then return {${REFUSED.leaseNotFound}} end
  end
end
commit(puts, values, options, deletes)
return {0, revision, 1}
`

/**
 * ARGV: incarnation, first, last, count, direction (+ or -), values (1 or 0), bytes. first and last
 * are in ZRANGEBYLEX's notation; without last, first is a single key. Ends early, after at least
 * one key, when the values exceed the bytes. → compacted, more, then for each key: the key, its
 * record and, with values, the large value if the record has one.
 */
const range = `${OPENED}
local first, last, count, values = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[6] == '1'
local reply = {0, revision, compacted, 0}
-- Asked for in blocks: keys may be long, and those behind the page's bytes are not looked at.
local function block(size)
  if last == '' then return {first} end
  if ARGV[5] == '+' then return call('ZRANGEBYLEX', INDEX, first, last, 'LIMIT', 0, size) end
  return call('ZREVRANGEBYLEX', INDEX, last, first, 'LIMIT', 0, size)
end
local n, left, bytesLeft = 4, count, tonumber(ARGV[7])
while true do
  -- One more than may be returned shows whether there are more.
  local size = math.min(100, left + 1)
  local keys = block(size)
  if #keys == 0 then return reply end
  local records = call('HMGET', RECORDS, unpack(keys))
  for i = 1, #keys do
    local key, record = keys[i], records[i]
    if left == 0 or bytesLeft <= 0 then
      reply[4] = 1
      return reply
    end
    left = left - 1
    if record then
      local isLarge = values and byte(record, 33) == 1
      if not values then record = sub(record, 1, 33) end
      reply[n + 1], reply[n + 2] = key, record
      n = n + 2
      bytesLeft = bytesLeft - #record - #key
      if isLarge then
        local value = call('HGET', VALUES, key)
        if not value then return {${REFUSED.damaged}} end
        n = n + 1
        reply[n] = value
        bytesLeft = bytesLeft - #value
      end
    elseif last ~= '' then
      return {${REFUSED.damaged}}
    end
  end
  if last == '' or #keys < size then return reply end
  if ARGV[5] == '+' then first = '(' .. keys[#keys] else last = '(' .. keys[#keys] end
end
`

/**
 * ARGV: incarnation, lease, ttl. An id that exists already, which is most unlikely, has its TTL
 * set.
 */
const grant = `${OPENED}${LEASES}
local ttl = tonumber(ARGV[3])
call('HSET', TTLS, ARGV[2], text(ttl))
call('ZADD', DEADLINES, text(nowMs() + ttl), ARGV[2])
return {0, revision}
`

/** ARGV: incarnation, lease. → ttl. */
const renew = `${OPENED}${IN_BLOCKS}${LEASES}
evenWithoutMemory()
local now = nowMs()
attend(now)
if not isAlive(ARGV[2], now) then return {${REFUSED.leaseNotFound}} end
local ttl = tonumber(call('HGET', TTLS, ARGV[2]))
call('ZADD', DEADLINES, text(now + ttl), ARGV[2])
return {0, revision, ttl}
`

/** ARGV: incarnation, feedBytesMax, lease. */
const revoke = `${COMMITTER}${ENDING}
evenWithoutMemory()
if call('HEXISTS', TTLS, ARGV[3]) == 1 then endLease(ARGV[3]) end
return {0, revision}
`

/** ARGV: incarnation, feedBytesMax, count. Ends at most count overdue leases. → how many. */
const sweep = `${COMMITTER}${LEASES}${ENDING}
evenWithoutMemory()
local now = nowMs()
attend(now, true)
local due = call('ZRANGEBYSCORE', DEADLINES, '-inf', text(now), 'LIMIT', 0, ARGV[3])
for i = 1, #due do endLease(due[i]) end
return {0, revision, #due}
`

/** ARGV: incarnation, feedBytesMax, revision. → compacted. */
const compact = `${COMMITTER}
local upTo = tonumber(ARGV[3])
if upTo > revision then return {${REFUSED.future}} end
if upTo <= compacted then return {0, revision, compacted} end
evenWithoutMemory()
call('HSET', STATE, 'compacted', text(upTo))
if revision > generation then beginGeneration() end
local start = call('ZREVRANGEBYSCORE', GENERATIONS, text(upTo), '-inf', 'LIMIT', 0, 1)[1]
if start then cut(tonumber(string.match(start, '^%d+'))) end
return {0, revision, upTo}
`

export const LUA = { open, look, txn, range, grant, renew, revoke, sweep, compact } as const
