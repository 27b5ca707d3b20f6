#!lua flags=allow-oom
-- expire_halves: forget what waited, or was known, until now.
--
-- KEYS: as in offer_halves
-- ARGV: 1 now_us  2 how many at most
-- Returns how many were forgotten, and how many requests and responses among them had waited in vain.

local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local requests, responses, known, bytes = 0, 0, 0, 0
for _, key in ipairs(old) do
  local value = redis.call('HGET', KEYS[1], key)
  local side = value and value:sub(1, 1)
  if side == 'q' then
    requests = requests + 1
  elseif side == 'p' then
    responses = responses + 1
  elseif side == '.' then
    known = known + 1
  end
  if side and side ~= '.' then
    bytes = bytes + #value - 1
  end
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
end
if requests + responses > 0 then
  redis.call('HINCRBY', KEYS[3], 'waiting', text(-(requests + responses)))
  redis.call('HINCRBY', KEYS[3], 'bytes', text(-bytes))
end
if known > 0 then
  -- A release that did not count them may have left some.
  local before = tonumber(redis.call('HGET', KEYS[3], 'known') or 0)
  redis.call('HSET', KEYS[3], 'known', text(math.max(before - known, 0)))
end
return { #old, requests, responses }
