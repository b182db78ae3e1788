/**
 * The piece of Lua that makes a revision: records, index, bindings and the feed's entry, together.
 *
 * Revisions. After a restart or a failover the server may be behind what was acknowledged. Its id
 * then differs from the one in `state`, and the next commit takes a far higher revision: at least
 * 2^32 higher, more than can have been lost, plus up to 2^36 that depend on the id, as two servers
 * may take over from the same point one after the other. So no revision names two different
 * commits, whatever was lost. 2^53 is enough for 200,000 restarts.
 *
 * Generations. The feed holds the previous state of each changed key: complete, or, when that state
 * was written in the same generation, without its value, which is in the feed already. The feed is
 * trimmed only where a generation begins, so a value stays as long as the entries that refer to it.
 *
 * Neighbours: lua.ts (the common start), lua-scripts.ts (its users), records.ts (reads the bytes).
 */
import { HEAD_BYTES } from './records.ts'

/**
 * Large values that one entry may have as extra fields; Lua's stack holds about 8,000 arguments.
 */
const EXTRAS_MAX = 3_000

/** The feed is divided into about this many generations. */
const GENERATIONS = 8

/**
 * `commit(keys, values, options, deletes)`: the puts, in three lists of equal length, and the keys
 * to delete. An option is a lease (8 bytes), with one byte more when the value is large. No key
 * occurs twice. Nothing is written when nothing changes. ARGV[2]: bound of the feed in bytes.
 */
export const COMMITTING = String.raw`
local NO_LEASE = string.rep('\0', 8)
local HEAD_BYTES = ${HEAD_BYTES}
local feedBytesMax = tonumber(ARGV[2])
local generation = tonumber(state[5])
local fed, generationFed = tonumber(state[6]), tonumber(state[7])
local known = state[4]

local function fetch(keys)
  local found = {}
  inBlocks(keys, 1, function(...)
    local part = call('HMGET', RECORDS, ...)
    local base = #found
    for i = 1, #part do found[base + i] = part[i] end
  end)
  return found
end

local function beginGeneration()
  generation, generationFed = revision, fed
  call('HSET', STATE, 'generation', text(generation), 'generationFed', text(fed))
  call('ZADD', GENERATIONS, text(generation), text(generation) .. ':' .. text(fed))
end

local function cut(from)
  call('XTRIM', FEED, 'MINID', text(from) .. '-0')
  call('ZREMRANGEBYSCORE', GENERATIONS, '-inf', '(' .. text(from))
end

local function boundFeed()
  if fed - generationFed < feedBytesMax / ${GENERATIONS} then return end
  beginGeneration()
  local from
  local starts = call('ZRANGE', GENERATIONS, 0, -1)
  for i = 1, #starts - 1 do
    if fed - tonumber(string.match(starts[i], ':(%d+)')) <= feedBytesMax then break end
    from = tonumber(string.match(starts[i + 1], '^%d+'))
  end
  if not from then return end
  cut(from)
  compacted = math.max(compacted, from)
  call('HSET', STATE, 'compacted', text(compacted))
end

local function commit(keys, values, options, deletes)
  local upcoming = revision + 1
  if server ~= known then upcoming = upcoming + 4294967296 + tonumber(sub(server, 1, 9), 16) end
  local parts, n, count = {''}, 1, 0
  local extras = {}
  local set, large, small, added, removed, bound, unbound = {}, {}, {}, {}, {}, {}, {}

  local function extra(value)
    if #extras >= ${EXTRAS_MAX * 2} then return false end
    extras[#extras + 1], extras[#extras + 2] = 'v', value
    return true
  end
  -- The state before: bits of the event's kind, and its bytes.
  local function before(key, old, modified)
    if modified > generation then return 2, sub(old, 1, HEAD_BYTES) end
    if byte(old, HEAD_BYTES) == 0 then return 1, old end
    local value = call('HGET', VALUES, key)
    if extra(value) then return 9, old end
    return 1, sub(old, 1, HEAD_BYTES - 1) .. '\0' .. value
  end
  local function rebind(key, from, to)
    if from == to then return end
    if from ~= NO_LEASE then unbound[#unbound + 1] = from .. key end
    if to ~= NO_LEASE then bound[#bound + 1], bound[#bound + 2] = '0', to .. key end
  end

  local olds = fetch(keys)
  for i = 1, #keys do
    local key, value, lease, old = keys[i], values[i], options[i], olds[i]
    local isLarge = #lease > 8
    if isLarge then lease = sub(lease, 1, 8) end
    local created, modified, version, kind, what = upcoming, 0, 0, 0, ''
    if old then
      created, modified, version = read('>I8I8I8', old)
      kind, what = before(key, old, modified)
      rebind(key, sub(old, 25, 32), lease)
      if byte(old, HEAD_BYTES) == 1 and not isLarge then small[#small + 1] = key end
    else
      added[#added + 1], added[#added + 2] = '0', key
      rebind(key, NO_LEASE, lease)
    end
    local head = pack('>I8I8I8', created, upcoming, version + 1) .. lease
    set[i * 2 - 1] = key
    if isLarge then
      large[#large + 1], large[#large + 2] = key, value
      set[i * 2] = head .. '\1'
    else
      set[i * 2] = head .. '\0' .. value
    end
    if isLarge and extra(value) then
      kind, head, value = kind + 4, head .. '\1', ''
    else
      head = head .. '\0'
    end
    parts[n + 1] = pack('>BI4I4I4', 16 + kind, #key, HEAD_BYTES + #value, #what)
    parts[n + 2], parts[n + 3], parts[n + 4], parts[n + 5] = key, head, value, what
    n = n + 5
    count = count + 1
  end

  olds = fetch(deletes)
  for i = 1, #deletes do
    local key, old = deletes[i], olds[i]
    if old then
      local kind, what = before(key, old, (read('>I8', old, 9)))
      rebind(key, sub(old, 25, 32), NO_LEASE)
      if byte(old, HEAD_BYTES) == 1 then small[#small + 1] = key end
      removed[#removed + 1] = key
      parts[n + 1] = pack('>BI4I4I4', 32 + kind, #key, 0, #what)
      parts[n + 2], parts[n + 3] = key, what
      n = n + 3
      count = count + 1
    end
  end

  if count == 0 then return end
  parts[1] = pack('>I8I4', revision, count)
  local entry = table.concat(parts)

  inBlocks(set, 2, function(...) call('HSET', RECORDS, ...) end)
  inBlocks(large, 2, function(...) call('HSET', VALUES, ...) end)
  inBlocks(small, 1, function(...) call('HDEL', VALUES, ...) end)
  inBlocks(removed, 1, function(...) call('HDEL', RECORDS, ...) end)
  inBlocks(added, 2, function(...) call('ZADD', INDEX, ...) end)
  inBlocks(removed, 1, function(...) call('ZREM', INDEX, ...) end)
  inBlocks(unbound, 1, function(...) call('ZREM', BOUND, ...) end)
  inBlocks(bound, 2, function(...) call('ZADD', BOUND, ...) end)
  call('XADD', FEED, text(upcoming) .. '-0', 'e', entry, unpack(extras))
  revision, known, fed = upcoming, server, fed + #entry
  for i = 2, #extras, 2 do fed = fed + #extras[i] end
  call('HSET', STATE, 'revision', text(revision), 'server', server, 'fed', text(fed))
  boundFeed()
end
`
