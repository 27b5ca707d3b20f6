#!lua flags=no-writes
-- depth: how many items a queue has, and since when the one that would be leased first is wanted.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue  zset  items by the instant from which they may be leased
--   2 items  hash  item -> its record (see the library)
-- Returns the number of items, then wanted_us when there is one.

local key = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
if not key then
  return { 0 }
end
return { redis.call('ZCARD', KEYS[1]), read_item(KEYS[2], key).wanted_us }
