#!lua
-- offer_halves: keep each half of an inference, or give it its counterpart.
--
-- KEYS, all of one monitor, without TTL:
--   1 halves  hash  inference -> side (q: request, p: response) and body; '.' for a pair that was finished
--   2 until   zset  inferences by the instant at which they are forgotten
--   3 sums    hash  waiting: how many have a side; bytes: of their bodies; known: how many pairs were finished
-- ARGV: 1 how many may wait  2 how many bytes; then for each half: inference, side, until_us, body
-- Returns waiting, bytes, and for each half: w (it waits), k (it was known), or m and the counterpart's body; none of
-- them when more would wait than may: then none was kept.

local waiting = tonumber(redis.call('HGET', KEYS[3], 'waiting') or 0)
local bytes = tonumber(redis.call('HGET', KEYS[3], 'bytes') or 0)

-- Decide on a copy, so that a refusal leaves no trace.
local fresh, order, answers = {}, {}, {}
for at = 3, #ARGV, 4 do
  local key, side, body = ARGV[at], ARGV[at + 1], ARGV[at + 3]
  local before = fresh[key] and fresh[key].value or redis.call('HGET', KEYS[1], key)
  if not before then
    fresh[key] = { value = side .. body, until_us = ARGV[at + 2] }
    order[#order + 1] = key
    waiting, bytes = waiting + 1, bytes + #body
    answers[#answers + 1] = 'w'
  elseif before == '.' or before:sub(1, 1) == side then
    answers[#answers + 1] = 'k'
  else
    answers[#answers + 1] = 'm' .. before:sub(2)
  end
end
if #order == 0 then
  return { waiting, bytes, answers }
end
if waiting > tonumber(ARGV[1]) or bytes > tonumber(ARGV[2]) then
  return { waiting, bytes, {} }
end
for _, key in ipairs(order) do
  redis.call('HSET', KEYS[1], key, fresh[key].value)
  redis.call('ZADD', KEYS[2], fresh[key].until_us, key)
end
redis.call('HSET', KEYS[3], 'waiting', text(waiting), 'bytes', text(bytes))
return { waiting, bytes, answers }
