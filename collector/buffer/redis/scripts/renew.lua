#!lua flags=allow-oom
-- renew: prolong a lease.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue  zset  items by the instant from which they may be leased: here, the end of the lease
--   2 items  hash  item -> its record (see the library)
-- ARGV: 1 key  2 token  3 until_us
-- Returns 1; 0 when the lease is lost.

if not own_item(KEYS[2], ARGV[1], ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
