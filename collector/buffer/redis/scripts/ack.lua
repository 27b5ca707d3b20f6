#!lua flags=allow-oom
-- ack: the item is done, together with its effects: the settlement of its window, snapshots, items that follow.
-- It may pass the server's memory limit: what it adds is small, and what it allows to purge is not. Rows that a monitor
-- includes are not small; trim_snapshots bounds them.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue            zset  items by the instant from which they may be leased
--   2 items            hash  item -> its record (see the library)
--   3 payloads         hash  item -> its payload
--   4 letters          hash  id -> the dead letter, as Python packed it
--   5 account          hash  evaluated, dead, dropped, dropped:<reason>: rows; waiting_bytes
--   6 panes            hash  pane -> its record (see the library)
--   7 settled          hash  <pane>#<part>/<phase> -> the last settlement of a window (see the library)
--   8 snapshots        zset  ids by the snapshot's instant
--   9 snapshot heads   hash  id -> revision, segment, tags, summary, a line each
--  10 snapshot bodies  hash  id -> the JSON, compressed
--  11 snapshot data    hash  id -> its rows as Parquet, of monitors that include them
--  then for each item that follows: queue, items, payloads
-- ARGV: 1 key  2 token  3 letter id  4 snapshots  5 items that follow  6 whether there is a settlement: 1 or 0
--       then the settlement's thirteen values (see the library); for each snapshot: id, revision, timestamp_us, head,
--       body, data (empty: none); for each item: key, payload, ready_us
-- Returns 1; 0 when the lease is lost.

local item = own_item(KEYS[2], ARGV[1], ARGV[2])
if not item then
  return 0
end
finish_item(KEYS[1], KEYS[2], KEYS[3], ARGV[1], item)
redis.call('HDEL', KEYS[4], ARGV[3])
local at = 7
if ARGV[6] == '1' then
  settle(KEYS[5], KEYS[6], KEYS[7], at)
  at = at + 13
end
for _ = 1, tonumber(ARGV[4]) do
  local id, revision = ARGV[at], tonumber(ARGV[at + 1])
  local before = redis.call('HGET', KEYS[9], id)
  if not before or revision >= tonumber(before:match('^-?%d+')) then
    redis.call('ZADD', KEYS[8], ARGV[at + 2], id)
    redis.call('HSET', KEYS[9], id, ARGV[at + 3])
    redis.call('HSET', KEYS[10], id, ARGV[at + 4])
    if ARGV[at + 5] == '' then
      redis.call('HDEL', KEYS[11], id)
    else
      redis.call('HSET', KEYS[11], id, ARGV[at + 5])
    end
  end
  at = at + 6
end
for place = 1, tonumber(ARGV[5]) do
  local key = 9 + place * 3
  put_item(KEYS[key], KEYS[key + 1], KEYS[key + 2], ARGV[at], ARGV[at + 1], ARGV[at + 2])
  at = at + 3
end
return 1
