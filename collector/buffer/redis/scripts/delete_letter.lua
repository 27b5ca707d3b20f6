#!lua flags=allow-oom
-- delete_letter: drop a dead letter on purpose; its rows are counted as dropped.
--
-- KEYS, all of one monitor, without TTL:
--   1 letters  hash  id -> the dead letter, as Python packed it
--   2 account  hash  dead, dropped, dropped:<reason>: rows; waiting_bytes
--   3 panes    hash  pane -> its record (see the library)
--   4 settled  hash  <pane>#<part>/<phase> -> the last settlement of a window (see the library)
-- ARGV: 1 letter id  2 the letter as it was read  3 pane of the window that its death settled, or ''  4 part  5 phase
--       6 reason
-- Returns 1; 0 when the letter is gone or is another one now.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then
  release_dead(KEYS[2], KEYS[3], KEYS[4], ARGV[3], ARGV[4], ARGV[5], 'dropped', ARGV[6])
end
return 1
