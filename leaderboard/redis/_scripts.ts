// This module is browser compatible.
import { PLACE_LENGTH, TUPLE_LENGTH } from "./_member.ts";

// Numbers in Lua are doubles: scores are only ever compared as text, and what is counted stays below 2^53. A reply is
// strings and integers, with "" for what is not there, which is the same in RESP 2 and 3.

/** What a write replies first. */
export const CONFLICT = 0;
/** What a write replies first. */
export const DONE = 1;
/** What a write replies first. */
export const FULL = 2;

const RANK = `
local function rankOf(order, tuples, ties, member)
  if ties == 'earliest' then return redis.call('ZRANK', order, member) + 1 end
  local tuple = string.sub(member, 1, ${TUPLE_LENGTH})
  if ties == 'dense' then return redis.call('ZRANK', tuples, tuple) + 1 end
  return redis.call('ZLEXCOUNT', order, '-', '(' .. tuple) + 1
end
`;

const SPLIT = `
local function split(row)
  return string.match(row, '^(%d+)\\n([^\\n]*)\\n([^\\n]*)\\n')
end
`;

const LEAVE = `
local function leave(order, tuples, ties, member)
  if member == '' then return end
  redis.call('ZREM', order, member)
  if ties ~= 'dense' then return end
  local tuple = string.sub(member, 1, ${TUPLE_LENGTH})
  if redis.call('ZLEXCOUNT', order, '[' .. tuple, '(' .. tuple .. 'g') == 0 then
    redis.call('ZREM', tuples, tuple)
  end
end
local function link(links, replay, by)
  if replay ~= '' and redis.call('HINCRBY', links, replay, by) <= 0 then
    redis.call('HDEL', links, replay)
  end
end
`;

const ROWS = `
local function rowsOf(order, rows, first, last)
  -- A last one of -1 would be the end.
  if last < first then return {}, {} end
  local members = redis.call('ZRANGE', order, first, last)
  local players = {}
  for i, member in ipairs(members) do
    players[i] = string.sub(member, ${PLACE_LENGTH + 1})
  end
  return members, redis.call('HMGET', rows, unpack(players))
end
local function pageOf(order, rows, tuples, ties, first, last, total, offset)
  local members, found = rowsOf(order, rows, first, last)
  local rank = 0
  if #members > 0 then rank = rankOf(order, tuples, ties, members[1]) end
  local reply = { total, offset, first, rank }
  for i = 1, #members do reply[4 + i] = found[i] or '' end
  return reply
end
`;

/**
 * KEYS: meta, attempts, held, then each claim, then the rows of each ranking.
 * ARGV: player, whether there are attempts to read, the held id or "", the number of claims.
 * Replies: sequence, whether the board is listed, attempts, held, then each claim, then each row.
 */
export const READ = `
local player, heldId, claims = ARGV[1], ARGV[3], tonumber(ARGV[4])
local reply = {
  redis.call('HINCRBY', KEYS[1], 'sequence', 1),
  redis.call('HEXISTS', KEYS[1], 'listed'), '', '',
}
if ARGV[2] == '1' then reply[3] = redis.call('HGET', KEYS[2], player) or '' end
if heldId ~= '' then reply[4] = redis.call('HGET', KEYS[3], heldId) or '' end
for i = 4, #KEYS do
  if i < 4 + claims then
    reply[i + 1] = redis.call('GET', KEYS[i]) or ''
  else
    reply[i + 1] = redis.call('HGET', KEYS[i], player) or ''
  end
end
return reply
`;

/** Keys of {@linkcode WRITE} before those of claims. */
const WRITE_KEYS = 7;
/** Arguments of {@linkcode WRITE} before those of claims. */
const WRITE_FIXED = 16;

/**
 * KEYS: meta, attempts, held, its two queues, links, rankings, then each claim,
 * then order, rows and tuples of each ranking.
 * ARGV: player, channel, whose, maxEntries or "", whether the board is listed from now on,
 * whether there are attempts, what was read of them, what to count or "",
 * held id or "", its revision, whether to release it, id to hold or "", its row, sequence and state,
 * the number of claims, then for each: what was read, what to claim or "", its milliseconds,
 * then for each ranking: ties, revision of the row that was read, "=" or "-" or "+", row to put, name of the ranking.
 * Replies: what became of it, then rank and total in each ranking.
 */
export const WRITE = `${RANK}${SPLIT}${LEAVE}
local meta, attempts, held = KEYS[1], KEYS[2], KEYS[3]
local links, rankings = KEYS[6], KEYS[7]
local player, channel, whose, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local listed = ARGV[5]
local hasAttempts, attemptsRead, attemptsNow = ARGV[6], ARGV[7], ARGV[8]
local heldId, heldRead, releases = ARGV[9], ARGV[10], ARGV[11]
local holdId, holdRow, holdSequence, holdState = ARGV[12], ARGV[13], ARGV[14], ARGV[15]
local claims = tonumber(ARGV[16])
local count = (#KEYS - ${WRITE_KEYS} - claims) / 3

local function claim(i)
  local arg = ${WRITE_FIXED} + 3 * (i - 1)
  return KEYS[${WRITE_KEYS} + i], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
end
local function ranking(i)
  local key = ${WRITE_KEYS} + claims + 3 * (i - 1)
  local arg = ${WRITE_FIXED} + 3 * claims + 5 * (i - 1)
  return KEYS[key + 1], KEYS[key + 2], KEYS[key + 3],
    ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3], ARGV[arg + 4], ARGV[arg + 5]
end
local function revisionOf(row)
  return row and string.match(row, '^%d+') or ''
end

for i = 1, claims do
  local key, read = claim(i)
  if (redis.call('GET', key) or '') ~= read then return { ${CONFLICT} } end
end
if hasAttempts == '1' and
  (redis.call('HGET', attempts, player) or '') ~= attemptsRead then
  return { ${CONFLICT} }
end
if heldId ~= '' and
  revisionOf(redis.call('HGET', held, heldId)) ~= heldRead then
  return { ${CONFLICT} }
end
local members, before, status = {}, {}, ${DONE}
for i = 1, count do
  local _, rows, _, _, read, action = ranking(i)
  local row = redis.call('HGET', rows, player)
  if revisionOf(row) ~= read then return { ${CONFLICT} } end
  before[i] = row
  members[i] = ''
  if row then
    _, members[i] = split(row)
  elseif action == '+' and limit ~= '' and
    redis.call('HLEN', rows) >= tonumber(limit) then
    status = ${FULL}
  end
end

local function queueOf(state)
  return state == 'unverified' and KEYS[4] or KEYS[5]
end
local function release(id)
  local row = redis.call('HGET', held, id)
  if not row then return end
  local _, state, replay = split(row)
  redis.call('HDEL', held, id)
  redis.call('ZREM', queueOf(state), id)
  link(links, replay, -1)
end

local seen = {}
if status == ${DONE} then
  if listed == '1' then redis.call('HSET', meta, 'listed', '1') end
  for i = 1, claims do
    local key, _, now, lifeMs = claim(i)
    if now ~= '' then redis.call('SET', key, now, 'PX', lifeMs) end
  end
  if attemptsNow ~= '' then
    redis.call('HSET', attempts, player, attemptsNow)
  end
  if releases == '1' then release(heldId) end
  if holdId ~= '' then
    local _, _, replay = split(holdRow)
    link(links, replay, 1)
    release(holdId)
    redis.call('HSET', held, holdId, holdRow)
    redis.call('ZADD', queueOf(holdState), holdSequence, holdId)
  end
  for i = 1, count do
    local order, rows, tuples, ties, _, action, row, name = ranking(i)
    local had = before[i]
    if action == '+' or (action == '-' and had) then
      local old, oldReplay, new, replay = '', '', '', ''
      if had then _, old, oldReplay = split(had) end
      if action == '+' then
        _, new, replay = split(row)
        redis.call('HSET', rows, player, row)
        if not had then redis.call('SADD', rankings, name) end
      else
        redis.call('HDEL', rows, player)
        if redis.call('EXISTS', rows) == 0 then
          redis.call('SREM', rankings, name)
        end
      end
      if old ~= new then
        leave(order, tuples, ties, old)
        if new ~= '' then
          redis.call('ZADD', order, 0, new)
          if ties == 'dense' then
            redis.call('ZADD', tuples, 0, string.sub(new, 1, ${TUPLE_LENGTH}))
          end
        end
      end
      link(links, replay, 1)
      link(links, oldReplay, -1)
      members[i] = new
      seen[i] = old ~= '' or new ~= ''
    end
  end
end

local reply = { status }
for i = 1, count do
  local order, _, tuples, ties, _, _, row, name = ranking(i)
  local rank, total = 0, redis.call('ZCARD', order)
  if members[i] ~= '' then rank = rankOf(order, tuples, ties, members[i]) end
  reply[2 * i] = rank
  reply[2 * i + 1] = total
  if seen[i] then
    local number = redis.call('HINCRBY', meta, 'changes', 1)
    local message = { whose, name, rank, total, number }
    if members[i] ~= '' then message[6] = row end
    redis.call('PUBLISH', channel, table.concat(message, '\\n'))
  end
end
return reply
`;

/**
 * KEYS: order, rows, tuples. ARGV: ties, then players.
 * Replies: total, then rank and row of each, or 0 and "".
 */
export const STANDINGS = `${RANK}${SPLIT}
local order, rows, tuples, ties = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local reply = { redis.call('ZCARD', order) }
for i = 2, #ARGV do
  local row = redis.call('HGET', rows, ARGV[i])
  local member = ''
  if row then
    local _, found = split(row)
    member = found
  end
  local at = 2 * (i - 1)
  if member == '' then
    reply[at], reply[at + 1] = 0, ''
  else
    reply[at], reply[at + 1] = rankOf(order, tuples, ties, member), row
  end
end
return reply
`;

/**
 * KEYS: order, rows, tuples. ARGV: ties, the lexical bounds, limit, offset, the bound that it begins at or "".
 * Replies: total, offset, the offset in the whole order, the rank there, then each row.
 */
export const PAGE = `${RANK}${ROWS}
local order, rows, tuples, ties = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local low, high, after = ARGV[2], ARGV[3], ARGV[6]
local base = 0
if low ~= '-' then
  base = redis.call('ZLEXCOUNT', order, '-', '(' .. string.sub(low, 2))
end
local total = redis.call('ZLEXCOUNT', order, low, high)
local first = base + tonumber(ARGV[5])
if after ~= '' then first = redis.call('ZLEXCOUNT', order, '-', after) end
first = math.max(base, math.min(first, base + total))
local last = math.min(first + tonumber(ARGV[4]), base + total) - 1
return pageOf(order, rows, tuples, ties, first, last, total, first - base)
`;

/**
 * KEYS: order, rows, tuples. ARGV: ties, limit, player.
 * Replies as {@linkcode PAGE} does, or nothing where the player is not seen.
 */
export const AROUND = `${RANK}${SPLIT}${ROWS}
local order, rows, tuples, ties = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local limit = tonumber(ARGV[2])
local row = redis.call('HGET', rows, ARGV[3])
local _, member = split(row or '')
if not member or member == '' then return {} end
local total = redis.call('ZCARD', order)
local first = redis.call('ZRANK', order, member) - math.floor(limit / 2)
first = math.max(0, math.min(first, total - limit))
local last = math.min(first + limit, total) - 1
return pageOf(order, rows, tuples, ties, first, last, total, first)
`;

/**
 * KEYS: order, rows, tuples, links, rankings, attempts. ARGV: ties, the most to remove, name of the ranking.
 * Replies: how many were removed, whether nothing is left.
 */
export const DROP = `${SPLIT}${LEAVE}
local order, rows, tuples, links = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ties, limit, removed = ARGV[1], tonumber(ARGV[2]), 0
local function drop(player, row)
  local _, member, replay = split(row)
  leave(order, tuples, ties, member)
  link(links, replay, -1)
  redis.call('HDEL', rows, player)
  removed = removed + 1
end
redis.call('UNLINK', KEYS[6])
for _, member in ipairs(redis.call('ZRANGE', order, -limit, -1)) do
  local player = string.sub(member, ${PLACE_LENGTH + 1})
  drop(player, redis.call('HGET', rows, player))
end
-- What is left then is hidden, and in no order.
local cursor = '0'
while removed < limit do
  local scan = redis.call('HSCAN', rows, cursor, 'COUNT', limit - removed)
  cursor = scan[1]
  for i = 1, #scan[2], 2 do
    if removed < limit then drop(scan[2][i], scan[2][i + 1]) end
  end
  if cursor == '0' then break end
end
if redis.call('EXISTS', rows) == 1 then return { removed, 0 } end
redis.call('SREM', KEYS[5], ARGV[3])
return { removed, 1 }
`;

/** KEYS: a set. Replies its members. */
export const MEMBERS = `return redis.call('SMEMBERS', KEYS[1])`;

/** KEYS: a hash. Replies its fields, each with its value behind it. */
export const FIELDS = `return redis.call('HGETALL', KEYS[1])`;

/**
 * KEYS: a hash. ARGV: a field, whether it must be there, the value that it must have, whether to keep it, its new value.
 * Replies whether it was changed.
 */
export const SWAP = `
local now = redis.call('HGET', KEYS[1], ARGV[1])
if (now and '1' or '0') ~= ARGV[2] or (now or '') ~= ARGV[3] then return { 0 } end
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[5])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return { 1 }
`;

/** KEYS: queue, held. ARGV: the sequence to begin behind, limit. Replies the rows. */
export const HELD = `
local ids = redis.call(
  'ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])
if #ids == 0 then return ids end
local rows = redis.call('HMGET', KEYS[2], unpack(ids))
for i = 1, #ids do rows[i] = rows[i] or '' end
return rows
`;
