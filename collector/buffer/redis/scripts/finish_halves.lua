#!lua flags=allow-oom
-- finish_halves: pairs are rows now; forget their halves, but know them again.
--
-- KEYS: as in offer_halves
-- ARGV: 1 until_us; then the inferences

local waiting, bytes = 0, 0
for at = 2, #ARGV do
  local before = redis.call('HGET', KEYS[1], ARGV[at])
  if before and before ~= '.' then
    waiting, bytes = waiting - 1, bytes - (#before - 1)
  end
  redis.call('HSET', KEYS[1], ARGV[at], '.')
  redis.call('ZADD', KEYS[2], ARGV[1], ARGV[at])
end
redis.call('HINCRBY', KEYS[3], 'waiting', text(waiting))
redis.call('HINCRBY', KEYS[3], 'bytes', text(bytes))
return 1
