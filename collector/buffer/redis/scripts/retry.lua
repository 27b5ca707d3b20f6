#!lua flags=allow-oom
-- retry: give a leased item back until an instant.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue  zset  items by the instant from which they may be leased: here, the retry
--   2 items  hash  item -> its record (see the library)
-- ARGV: 1 key  2 token  3 retry_us
-- Returns 1; 0 when the lease is lost.

local item = own_item(KEYS[2], ARGV[1], ARGV[2])
if not item then
  return 0
end
item.leased, item.owner = '0', ''
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
write_item(KEYS[2], ARGV[1], item)
return 1
