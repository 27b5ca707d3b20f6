#!lua flags=allow-oom
-- put: add items to a queue, or give known ones a new payload. It may pass the server's memory limit: items are small, and
-- only work that is put ends in memory that is freed.
--
-- KEYS, all of one monitor, without TTL:
--   1 queue     zset  items by the instant from which they may be leased: theirs, their retry, the end of their lease
--   2 items     hash  item -> its record (see the library)
--   3 payloads  hash  item -> its payload
-- ARGV: for each item: key, payload, ready_us

for at = 1, #ARGV, 3 do
  put_item(KEYS[1], KEYS[2], KEYS[3], ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
