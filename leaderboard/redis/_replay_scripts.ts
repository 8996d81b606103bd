// This module is browser compatible.

// Bounds are those of the whole store, so that all of its keys are in one slot of a cluster: the first key carries the hash
// tag, and the others begin with it. A script finds out only as it runs which uploads are given up, so that it names their
// keys itself. Bytes are base64 in one string of Redis, which is read and written in the middle: four characters for three.

/**
 * An upload is lines: id, sha256, bytes, encoding, encodedBytes, offset, expiresMs, owner. A replay: sha256, bytes,
 * encoding, encodedBytes, usedMs, isLinked, owner.
 */
const COMMON = `
local base = KEYS[1]
local uploads, expiry = base .. ':uploads', base .. ':expiry'
local replays, used = base .. ':replays', base .. ':used'
local owners = base .. ':owners'
local function ownKey(owner) return base .. ':own:' .. owner end
local function dataKey(id) return base .. ':data:' .. id end
local function blobKey(sha256) return base .. ':blob:' .. sha256 end

local function parse(text, count)
  local fields, from = {}, 1
  for i = 1, count - 1 do
    local at = string.find(text, '\\n', from, true)
    fields[i] = string.sub(text, from, at - 1)
    from = at + 1
  end
  fields[count] = string.sub(text, from)
  return fields
end
local function findUpload(id)
  local text = redis.call('HGET', uploads, id)
  if not text then return nil end
  local fields = parse(text, 8)
  return {
    id = id, sha256 = fields[2], form = table.concat(fields, '\\n', 3, 5),
    encodedBytes = tonumber(fields[5]), offset = tonumber(fields[6]),
    expiresMs = fields[7], owner = fields[8],
  }
end
local function textOf(upload)
  return table.concat({
    upload.id, upload.sha256, upload.form,
    string.format('%.0f', upload.offset), upload.expiresMs, upload.owner,
  }, '\\n')
end
-- Puts it where those are with which something was done last.
local function putUpload(upload)
  local text = textOf(upload)
  redis.call('HSET', uploads, upload.id, text)
  redis.call('ZADD', expiry, upload.expiresMs, upload.id)
  local turn = redis.call('HINCRBY', base, 'turn', 1)
  redis.call('ZADD', ownKey(upload.owner), turn, upload.id)
  return text
end
-- Not 0, which Redis would be told as "-0" where it is subtracted.
local function countAll(bytes)
  if bytes ~= 0 then redis.call('HINCRBY', base, 'bytes', bytes) end
end
local function count(owner, bytes)
  if bytes == 0 then return end
  if redis.call('HINCRBY', owners, owner, bytes) <= 0 then
    redis.call('HDEL', owners, owner)
  end
end
local function leave(upload)
  redis.call('HDEL', uploads, upload.id)
  redis.call('ZREM', expiry, upload.id)
  redis.call('ZREM', ownKey(upload.owner), upload.id)
end
local function drop(upload)
  leave(upload)
  redis.call('UNLINK', dataKey(upload.id))
  countAll(-upload.offset)
  count(upload.owner, -upload.offset)
end
local function touch(sha256, usedMs, isLinked)
  local text = redis.call('HGET', replays, sha256)
  if not text then return nil end
  local fields = parse(text, 7)
  if isLinked ~= '' and isLinked ~= fields[6] then
    local bytes = tonumber(fields[4])
    count(fields[7], isLinked == '1' and -bytes or bytes)
    fields[6] = isLinked
  end
  fields[5] = usedMs
  text = table.concat(fields, '\\n')
  redis.call('HSET', replays, sha256, text)
  redis.call('ZADD', used, usedMs, sha256)
  return text
end
local function refusal(owner, bytes, maxBytes, maxBytesPerOwner)
  -- What adds nothing is always taken, so that an upload of which all is there can end.
  if bytes <= 0 then return nil end
  local all = tonumber(redis.call('HGET', base, 'bytes') or 0)
  if all + bytes > tonumber(maxBytes) then return 'full' end
  local own = tonumber(redis.call('HGET', owners, owner) or 0)
  if own + bytes > tonumber(maxBytesPerOwner) then return 'quotaExceeded' end
  return nil
end
-- Characters of base64 that have bytes from offset on.
local function slice(key, length, offset, maxBytes)
  local stop = math.min(length, offset + maxBytes)
  if stop <= offset then return { '' } end
  return { redis.call('GETRANGE', key,
    math.floor(offset / 3) * 4, math.ceil(stop / 3) * 4 - 1) }
end
`;

/**
 * ARGV: id, owner, sha256, the form in lines, encodedBytes, now, expiresMs, maxBytes, maxBytesPerOwner, maxUploads,
 * maxUploadsPerOwner. Replies: what became of it, the replay or the upload, how many were given up.
 */
export const BEGIN = `${COMMON}
local id, owner, sha256, form = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local encodedBytes, expiresMs = tonumber(ARGV[5]), ARGV[7]
local replay = touch(sha256, ARGV[6], '')
if replay then return { 'complete', replay } end
local given, others, gained = {}, {}, 0
local function give(upload)
  given[#given + 1] = upload
  gained = gained + upload.offset
end
for _, other in ipairs(redis.call('ZRANGE', ownKey(owner), 0, -1)) do
  local upload = findUpload(other)
  if upload.sha256 ~= sha256 then
    others[#others + 1] = upload
  elseif upload.form == form then
    upload.expiresMs = expiresMs
    return { 'open', putUpload(upload), 0 }
  else
    give(upload)
  end
end
for i = 1, #others + 1 - tonumber(ARGV[11]) do give(others[i]) end
-- Nothing is given up for an upload that is then refused.
if redis.call('HLEN', uploads) - #given >= tonumber(ARGV[10]) then
  return { 'full' }
end
local refused = refusal(owner, encodedBytes - gained, ARGV[8], ARGV[9])
if refused then return { refused } end
for _, upload in ipairs(given) do drop(upload) end
local text = putUpload({
  id = id, sha256 = sha256, form = form, offset = 0, expiresMs = expiresMs,
  owner = owner,
})
return { 'open', text, #given }
`;

/**
 * ARGV: id, offset, length, base64 of the part behind as many zeros as bytes of the last group are there, expiresMs,
 * maxBytes, maxBytesPerOwner. Replies: what became of it, the upload.
 */
export const APPEND = `${COMMON}
local id, offset, length, text = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local upload = findUpload(id)
if not upload then return { 'notFound' } end
if offset ~= upload.offset then return { 'offsetMismatch', textOf(upload) } end
if offset + length > upload.encodedBytes then
  return { 'tooLong', textOf(upload) }
end
local refused = refusal(upload.owner, length, ARGV[6], ARGV[7])
if refused then return { refused } end
if length > 0 then
  local key, there = dataKey(id), offset % 3
  local at = (offset - there) / 3 * 4
  if there > 0 then
    -- The bits of the character in which both meet are zero in one or the other.
    local digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    local old = redis.call('GETRANGE', key, at, at + there)
    local function digitOf(group)
      return string.find(digits, string.sub(group, there + 1, there + 1), 1, true) - 1
    end
    local both = digitOf(old) + digitOf(text) + 1
    text = string.sub(old, 1, there) .. string.sub(digits, both, both) ..
      string.sub(text, there + 2)
  end
  redis.call('SETRANGE', key, at, text)
  countAll(length)
  count(upload.owner, length)
end
upload.offset = offset + length
upload.expiresMs = ARGV[5]
return { 'appended', putUpload(upload) }
`;

/** ARGV: id, now. Replies: the replay, or nothing. */
export const COMPLETE = `${COMMON}
local upload = findUpload(ARGV[1])
if not upload or upload.offset ~= upload.encodedBytes then return {} end
local there = touch(upload.sha256, ARGV[2], '')
if there then
  drop(upload)
  return { there }
end
leave(upload)
if upload.offset > 0 then
  redis.call('RENAME', dataKey(upload.id), blobKey(upload.sha256))
end
local text = table.concat(
  { upload.sha256, upload.form, ARGV[2], '0', upload.owner }, '\\n')
redis.call('HSET', replays, upload.sha256, text)
redis.call('ZADD', used, ARGV[2], upload.sha256)
return { text }
`;

/** ARGV: id. Replies: whether it was there. */
export const ABORT = `${COMMON}
local upload = findUpload(ARGV[1])
if not upload then return { 0 } end
drop(upload)
return { 1 }
`;

/** ARGV: now, limit. Replies: how many were given up. */
export const EXPIRE = `${COMMON}
local ids = redis.call('ZRANGEBYSCORE', expiry, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do drop(findUpload(id)) end
return { #ids }
`;

/** ARGV: id, offset, the most bytes. Replies: base64, or nothing. */
export const READ_UPLOAD = `${COMMON}
local upload = findUpload(ARGV[1])
if not upload then return {} end
return slice(dataKey(upload.id), upload.offset, tonumber(ARGV[2]), tonumber(ARGV[3]))
`;

/** ARGV: sha256, offset, the most bytes. Replies: base64, or nothing. */
export const READ_REPLAY = `${COMMON}
local text = redis.call('HGET', replays, ARGV[1])
if not text then return {} end
local length = tonumber(parse(text, 7)[4])
return slice(blobKey(ARGV[1]), length, tonumber(ARGV[2]), tonumber(ARGV[3]))
`;

/** ARGV: sha256, now, "1" or "0" for linked or not, or "". Replies: the replay, or nothing. */
export const TOUCH = `${COMMON}
local text = touch(ARGV[1], ARGV[2], ARGV[3])
return text and { text } or {}
`;

/** ARGV: the time before which, limit. Replies: the replays. */
export const UNUSED = `${COMMON}
local names = redis.call('ZRANGEBYSCORE', used, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
if #names == 0 then return names end
local texts = redis.call('HMGET', replays, unpack(names))
for i = 1, #names do texts[i] = texts[i] or '' end
return texts
`;

/** ARGV: sha256, usedMs. Replies: whether it was removed. */
export const REMOVE = `${COMMON}
local sha256 = ARGV[1]
local text = redis.call('HGET', replays, sha256)
if not text then return { 0 } end
local fields = parse(text, 7)
if tonumber(fields[5]) ~= tonumber(ARGV[2]) then return { 0 } end
redis.call('HDEL', replays, sha256)
redis.call('ZREM', used, sha256)
redis.call('UNLINK', blobKey(sha256))
local bytes = tonumber(fields[4])
countAll(-bytes)
if fields[6] == '0' then count(fields[7], -bytes) end
return { 1 }
`;
