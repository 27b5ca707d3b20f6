#!lua flags=allow-oom
-- lease: take the item that has been ready longest. An expired lease has made its item ready by itself.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue     zset  items by the instant from which they may be leased: theirs, their retry, the end of their lease
--   2 items     hash  item -> its record (see the library)
--   3 payloads  hash  item -> its payload
--   4 account   hash  token: of the last lease
-- ARGV: 1 now_us  2 until_us  3 owner
-- Returns key, payload, token, attempt, wanted_us; or nothing when no item is ready.

local key = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not key then
  return false
end
local item = read_item(KEYS[2], key)
-- Never below the clock: a monitor that was forgotten and begins anew does not repeat a token.
local token = text(math.max(tonumber(redis.call('HGET', KEYS[4], 'token') or 0) + 1, tonumber(ARGV[1])))
redis.call('HSET', KEYS[4], 'token', token)
item.attempt = item.attempt + 1
item.token = token
item.leased = '1'
item.leased_generation = item.generation
item.owner = ARGV[3]
redis.call('ZADD', KEYS[1], ARGV[2], key)
write_item(KEYS[2], key, item)
return { key, redis.call('HGET', KEYS[3], key), token, item.attempt, item.wanted_us }
