#!lua flags=allow-oom
-- replay_letter: put a dead letter's item back with fresh attempts; its rows wait again.
--
-- KEYS, all of one monitor, without TTL:
--   1 letters   hash  id -> the dead letter, as Python packed it
--   2 account   hash  dead: rows; waiting_bytes
--   3 panes     hash  pane -> its record (see the library)
--   4 settled   hash  <pane>#<part>/<phase> -> the last settlement of a window (see the library)
--   5 queue     zset  items by the instant from which they may be leased
--   6 items     hash  item -> its record (see the library)
--   7 payloads  hash  item -> its payload
-- ARGV: 1 letter id  2 the letter as it was read  3 now_us  4 key  5 payload
--       6 pane of the window that its death settled, or ''  7 part  8 phase
-- Returns 1; 0 when the letter is gone or is another one now.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
if ARGV[6] ~= '' then
  release_dead(KEYS[2], KEYS[3], KEYS[4], ARGV[6], ARGV[7], ARGV[8], 'waiting', '')
end
local item = read_item(KEYS[6], ARGV[4])
if not item then
  put_item(KEYS[5], KEYS[6], KEYS[7], ARGV[4], ARGV[5], ARGV[3])
elseif item.leased == '0' then
  -- It was put again since: it has the newer payload, and keeps it.
  item.attempt = 0
  redis.call('ZADD', KEYS[5], 'LT', ARGV[3], ARGV[4])
  write_item(KEYS[6], ARGV[4], item)
end
return 1
