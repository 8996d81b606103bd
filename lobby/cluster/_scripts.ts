// This module is browser compatible.
import type { RedisLike } from "../../core/mod.ts";

/**
 * What is done as one step on the Redis server. All but those that only read begin with the lease: whose token is not in it
 * any more changes nothing, and gets `nil`.
 */
export const SCRIPTS = {
  /** Keys: lease, servers. Arguments: token, milliseconds, what there is to know of the server. */
  acquire: `-- acquire
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1`,
  /** Keys: lease, servers, listings. Arguments as above. Returns all servers. */
  renew: `-- renew
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return redis.call('HGETALL', KEYS[2])`,
  /** Keys: lease, listings. Argument: token. */
  release: `-- release
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
redis.call('DEL', KEYS[1], KEYS[2])
return 1`,
  /**
   * Keys: lease, records, owners, gifts. Argument: token. Returns all records, each as its name, its value and its owner:
   * what was handed over and not taken yet is among them.
   */
  load: `-- load
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local all = redis.call('HGETALL', KEYS[2])
local records = {}
for i = 1, #all, 2 do
  records[#records + 1] = all[i]
  records[#records + 1] = all[i + 1]
  records[#records + 1] = redis.call('HGET', KEYS[3], all[i]) or ''
end
redis.call('DEL', KEYS[4])
return records`,
  /**
   * Keys: lease, records, owners, the number of the last batch. Arguments: token, the batch's number, for how many
   * milliseconds that is kept, how many names have a value, these with their owner and their value, then names to remove
   * with their owner. The owner is as this server knows it: nothing, if it does not know of the record. Returns the names
   * that are another's, which are left as they are; so are those that were another's meanwhile, or are gone. A batch that
   * was saved already, or is older than the last, changes nothing.
   */
  save: `-- save
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local taken = {}
local isNext = tonumber(ARGV[2]) > tonumber(redis.call('GET', KEYS[4]) or '0')
local count = tonumber(ARGV[4])
for i = 5, 2 + 3 * count, 3 do
  local name, known = ARGV[i], ARGV[i + 1]
  local owner = redis.call('HGET', KEYS[3], name)
  if owner and owner ~= ARGV[1] and string.sub(owner, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then
    taken[#taken + 1] = name
  elseif isNext and (owner or '') == known or isNext and known == '' and owner == ARGV[1] then
    if not owner then redis.call('HSET', KEYS[3], name, ARGV[1]) end
    redis.call('HSET', KEYS[2], name, ARGV[i + 2])
  end
end
if isNext then
  for i = 5 + 3 * count, #ARGV, 2 do
    if redis.call('HGET', KEYS[3], ARGV[i]) == ARGV[i + 1] then
      redis.call('HDEL', KEYS[2], ARGV[i])
      redis.call('HDEL', KEYS[3], ARGV[i])
    end
  end
  redis.call('SET', KEYS[4], ARGV[2], 'PX', ARGV[3])
end
return taken`,
  /**
   * Keys: lease, records, owners. Arguments: token, name, the value until it is saved. Returns whose it was; nothing if it
   * was nobody's, or this was done before.
   */
  claim: `-- claim
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local owner = redis.call('HGET', KEYS[3], ARGV[2])
if owner == ARGV[1] and redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then return '' end
if owner then return owner end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return ''`,
  /**
   * Keys: lease, the dead server's lease, records, its records, owners, servers, where its records are kept until the reply
   * has come, its gifts, the number of its last batch. Arguments: token, its token, the new owner, for how many milliseconds
   * they are kept. Returns its records, with their values.
   */
  adopt: `-- adopt
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if redis.call('EXISTS', KEYS[7]) == 1 then return redis.call('HGETALL', KEYS[7]) end
if redis.call('EXISTS', KEYS[2]) == 1 then return {} end
local records = redis.call('HGETALL', KEYS[4])
for i = 1, #records, 2 do
  redis.call('HSET', KEYS[3], records[i], records[i + 1])
  redis.call('HSET', KEYS[5], records[i], ARGV[3])
end
if #records > 0 then
  redis.call('RENAME', KEYS[4], KEYS[7])
  redis.call('PEXPIRE', KEYS[7], ARGV[4])
end
redis.call('DEL', KEYS[8], KEYS[9])
redis.call('HDEL', KEYS[6], ARGV[2])
return records`,
  /**
   * Keys: lease, listings. Arguments: token, milliseconds, channel, message, number, how many listings there are, these by
   * id, then ids to remove.
   */
  publish: `-- publish
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local count = tonumber(ARGV[6])
for i = 1, count do
  redis.call('HSET', KEYS[2], ARGV[5 + 2 * i], ARGV[6 + 2 * i])
end
for i = 7 + 2 * count, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
end
redis.call('HSET', KEYS[2], '', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1`,
  /**
   * Keys: lease, the other's lease, records, its records, owners, its gifts. Arguments: token, its token, the gift's number,
   * the gift as text, for how many milliseconds that is kept, the channel, the first record's owner as long as nothing was
   * given, the new owner, then names with their values. Returns whether it is the other's now, or was.
   */
  give: `-- give
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if redis.call('HGET', KEYS[5], ARGV[9]) ~= ARGV[7] then return 1 end
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
for i = 9, #ARGV, 2 do
  redis.call('HDEL', KEYS[3], ARGV[i])
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[8])
end
redis.call('HSET', KEYS[6], ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[6], ARGV[5])
redis.call('PUBLISH', ARGV[6], 'to ' .. ARGV[2])
return 1`,
  /** Key: a hash. Returns it flat, in either version of the protocol. */
  read: `-- read
return redis.call('HGETALL', KEYS[1])`,
} as const;

/** Runs one of them. Rejects with what the client rejects with. */
export function run(
  redis: RedisLike,
  script: keyof typeof SCRIPTS,
  keys: readonly string[],
  args: readonly string[] = [],
): Promise<unknown> {
  return redis.command([
    "EVAL",
    SCRIPTS[script],
    String(keys.length),
    ...keys,
    ...args,
  ]);
}

/** The pairs of a flat list of texts; none if it is anything else. */
export function pairsOf(reply: unknown): [string, string][] {
  const pairs: [string, string][] = [];
  if (!Array.isArray(reply)) return pairs;
  for (let i = 0; i + 1 < reply.length; i += 2) {
    pairs.push([String(reply[i]), String(reply[i + 1])]);
  }
  return pairs;
}
