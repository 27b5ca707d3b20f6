#!lua flags=no-writes
-- state: what the scheduler sees of a monitor, of one instant.
--
-- KEYS, all of one monitor, without TTL:
--   1 account  hash  max_event_us, last_append_us, among others
--   2 panes    hash  pane -> its record (see the library)
--   3 settled  hash  <pane>#<part>/<phase> -> the last settlement of a window (see the library)
-- Returns panes and records in turn; windows and settlements in turn; max_event_us and last_append_us.

return {
  redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
  redis.call('HMGET', KEYS[1], 'max_event_us', 'last_append_us'),
}
