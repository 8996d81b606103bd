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
   * Keys: lease, records, owners. Arguments: token, how many names have a value, these with their values, then names to
   * remove. Returns the names that are another's, which are left as they are.
   */
  save: `-- save
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local taken = {}
local count = tonumber(ARGV[2])
for i = 1, count do
  local name = ARGV[1 + 2 * i]
  local owner = redis.call('HGET', KEYS[3], name)
  if owner and owner ~= ARGV[1] then
    taken[#taken + 1] = name
  else
    if not owner then redis.call('HSET', KEYS[3], name, ARGV[1]) end
    redis.call('HSET', KEYS[2], name, ARGV[2 + 2 * i])
  end
end
for i = 3 + 2 * count, #ARGV do
  if redis.call('HDEL', KEYS[2], ARGV[i]) == 1 then
    redis.call('HDEL', KEYS[3], ARGV[i])
  end
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
   * has come. Arguments: token, its token, for how many milliseconds they are kept. Returns its records, with their values.
   */
  adopt: `-- adopt
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if redis.call('EXISTS', KEYS[7]) == 1 then return redis.call('HGETALL', KEYS[7]) end
if redis.call('EXISTS', KEYS[2]) == 1 then return {} end
local records = redis.call('HGETALL', KEYS[4])
for i = 1, #records, 2 do
  redis.call('HSET', KEYS[3], records[i], records[i + 1])
  redis.call('HSET', KEYS[5], records[i], ARGV[1])
end
if #records > 0 then
  redis.call('RENAME', KEYS[4], KEYS[7])
  redis.call('PEXPIRE', KEYS[7], ARGV[3])
end
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
   * the gift as text, for how many milliseconds that is kept, the channel, then names with their values. The first name is
   * in the records as long as nothing was given. Returns whether it is the other's now.
   */
  give: `-- give
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if redis.call('HEXISTS', KEYS[3], ARGV[7]) == 0 then return 1 end
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
for i = 7, #ARGV, 2 do
  redis.call('HDEL', KEYS[3], ARGV[i])
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[2])
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
