#!lua flags=allow-oom
-- trim_snapshots: forget all but the newest snapshots, those older than an instant, and the rows of all but the newest.
--
-- KEYS, all of one monitor, without TTL:
--   1 snapshots        zset  ids by the snapshot's instant
--   2 snapshot heads   hash  id -> revision, segment, tags, summary, a line each
--   3 snapshot bodies  hash  id -> the JSON, compressed
--   4 snapshot data    hash  id -> its rows as Parquet, of monitors that include them
-- ARGV: 1 how many to keep  2 those before this instant go  3 how many bytes of rows to keep
-- Returns how many went.

local old = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[2])
local many = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[1])
local count = math.max(old, many, 0)
for start = 1, count, BATCH do
  local ids = redis.call('ZRANGE', KEYS[1], 0, math.min(BATCH, count - start + 1) - 1)
  redis.call('ZREM', KEYS[1], unpack(ids))
  redis.call('HDEL', KEYS[2], unpack(ids))
  redis.call('HDEL', KEYS[3], unpack(ids))
  redis.call('HDEL', KEYS[4], unpack(ids))
end
if redis.call('EXISTS', KEYS[4]) == 1 then
  local bytes = 0
  for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
    local length = redis.call('HSTRLEN', KEYS[4], id)
    bytes = bytes + length
    if length > 0 and bytes > tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[4], id)
    end
  end
end
return count
