#!lua flags=allow-oom
-- finish_halves: pairs are rows now; forget their halves, but know them again, as many as may be known.
--
-- KEYS: as in offer_halves
-- ARGV: 1 until_us  2 how many pairs may be known; then the inferences

local sums = redis.call('HMGET', KEYS[3], 'waiting', 'bytes', 'known')
local waiting, bytes, known = tonumber(sums[1]) or 0, tonumber(sums[2]) or 0, tonumber(sums[3]) or 0
for at = 3, #ARGV do
  local before = redis.call('HGET', KEYS[1], ARGV[at])
  if before and before ~= '.' then
    waiting, bytes = waiting - 1, bytes - (#before - 1)
  end
  if before == '.' or known < tonumber(ARGV[2]) then
    known = before == '.' and known or known + 1
    redis.call('HSET', KEYS[1], ARGV[at], '.')
    redis.call('ZADD', KEYS[2], ARGV[1], ARGV[at])
  elseif before then
    redis.call('HDEL', KEYS[1], ARGV[at])
    redis.call('ZREM', KEYS[2], ARGV[at])
  end
end
redis.call('HSET', KEYS[3], 'waiting', text(waiting), 'bytes', text(bytes), 'known', text(known))
return 1
