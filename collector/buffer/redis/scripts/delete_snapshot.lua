#!lua flags=allow-oom
-- delete_snapshot: forget one snapshot.
--
-- KEYS, all of one monitor, without TTL:
--   1 snapshots        zset  ids by the snapshot's instant
--   2 snapshot heads   hash  id -> revision, segment, tags, summary, a line each
--   3 snapshot bodies  hash  id -> the JSON, compressed
--   4 snapshot data    hash  id -> its rows as Parquet, of monitors that include them
-- ARGV: 1 snapshot
-- Returns whether it was there: 1 or 0.

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return redis.call('HDEL', KEYS[3], ARGV[1])
