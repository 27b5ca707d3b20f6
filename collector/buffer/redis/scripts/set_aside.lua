#!lua flags=allow-oom
-- set_aside: a leased item becomes a dead letter; its window is settled as told.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue     zset  items by the instant from which they may be leased
--   2 items     hash  item -> its record (see the library)
--   3 payloads  hash  item -> its payload
--   4 letters   hash  id -> the dead letter, as Python packed it
--   5 account   hash  evaluated, dead, dropped, dropped:<reason>: rows; waiting_bytes
--   6 panes     hash  pane -> its record (see the library)
--   7 settled   hash  <pane>#<part>/<phase> -> the last settlement of a window (see the library)
-- ARGV: 1 key  2 token  3 letter id  4 letter  5 whether there is a settlement: 1 or 0, then its thirteen values
-- Returns 1; 0 when the lease is lost.

local item = own_item(KEYS[2], ARGV[1], ARGV[2])
if not item then
  return 0
end
finish_item(KEYS[1], KEYS[2], KEYS[3], ARGV[1], item)
redis.call('HSET', KEYS[4], ARGV[3], ARGV[4])
if ARGV[5] == '1' then
  settle(KEYS[5], KEYS[6], KEYS[7], 6)
end
return 1
