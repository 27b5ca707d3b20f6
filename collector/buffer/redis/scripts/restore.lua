#!lua flags=allow-oom
-- restore: items that wait for a retry are ready, in the order in which they were wanted.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue  zset  items by the instant from which they may be leased: here, the instant that they were wanted for
--   2 items  hash  item -> its record (see the library)
-- One queue of one monitor: what may wait in it is bounded.

for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local item = read_item(KEYS[2], key)
  if item.leased == '0' then
    redis.call('ZADD', KEYS[1], 'LT', item.wanted_us, key)
  end
end
return 1
