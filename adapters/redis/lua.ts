/**
 * Pieces that the scripts in lua-scripts.ts begin with: the state that they read, and leases. A
 * script is one atomic step on the server. It judges before its first write, and Redis refuses only
 * a script's first write (no memory, a replica, a full disk), so a script that fails has changed
 * nothing. Neighbours: lua-commit.ts (revisions), keys.ts (the data).
 */

/** Replies begin with one of these, or with 0 and the server's revision. */
export const REFUSED = {
  /** There is no data under this name. */
  absent: -1,
  /** Another incarnation: the data was removed and created again. */
  replaced: -2,
  /** This server is a replica. */
  replica: -3,
  leaseNotFound: -4,
  future: -5,
  /** The name has keys without its state, or parts of a record are missing. */
  damaged: -6,
} as const

/** When no sweep ran for this long, deadlines were not enforced. Unit: ms. */
export const UNATTENDED_MS = 1_500

/** Arguments of one call: Lua's stack holds about 8,000. */
const CALL_ARGS_MAX = 4_000

/**
 * `server` is the id of the server's replication history: a new one after each restart and
 * failover. Redis checks its memory at a script's first write only; `evenWithoutMemory()` is that
 * first write for scripts that free memory, or must succeed without any.
 */
export const COMMON = `
local STATE, INDEX, RECORDS, FEED = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local DEADLINES, TTLS, BOUND, GENERATIONS, VALUES = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local call = redis.call
local sub, byte, format, pack, read = string.sub, string.byte, string.format, struct.pack, struct.unpack

local function text(number) return format('%.0f', number) end
local function evenWithoutMemory() call('HDEL', STATE, '') end

local info = call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then return {${REFUSED.replica}} end
local server = string.match(info, 'master_replid:(%x+)')
`

/** ARGV[1]: the incarnation. */
export const OPENED = `${COMMON}
local state = call('HMGET', STATE, 'incarnation', 'revision', 'compacted', 'server', 'generation',
  'fed', 'generationFed', 'attendedBy', 'sweptMs')
if not state[1] then return {${REFUSED.absent}} end
if state[1] ~= ARGV[1] then return {${REFUSED.replaced}} end
local revision, compacted = tonumber(state[2]), tonumber(state[3])
`

export const IN_BLOCKS = `
local function inBlocks(list, width, run)
  local step = ${CALL_ARGS_MAX} - ${CALL_ARGS_MAX} % width
  for first = 1, #list, step do run(unpack(list, first, math.min(first + step - 1, #list))) end
end
`

/**
 * A deadline counts only while renewals could be received. When no sweep ran for a while, the clock
 * jumped, or the server is another one, every lease has its whole TTL again.
 */
export const LEASES = `
local function nowMs()
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function attend(now, isSweep)
  local apart = math.abs(now - tonumber(state[9]))
  if state[8] ~= server or apart > ${UNATTENDED_MS} then
    local ttls = call('HGETALL', TTLS)
    local later = {}
    for i = 1, #ttls, 2 do
      later[i], later[i + 1] = text(now + tonumber(ttls[i + 1])), ttls[i]
    end
    inBlocks(later, 2, function(...) call('ZADD', DEADLINES, ...) end)
  elseif not isSweep or apart < ${UNATTENDED_MS} / 3 then
    return
  end
  call('HSET', STATE, 'attendedBy', server, 'sweptMs', text(now))
  state[8], state[9] = server, now
end

local function isAlive(lease, now)
  local deadline = call('ZSCORE', DEADLINES, lease)
  return deadline and tonumber(deadline) > now
end
`
