#!lua flags=no-writes
-- get_document: a document's version and body, of one instant.
--
-- KEYS, both of one kind, without TTL:
--   1 versions  hash  document -> its version; a deleted one keeps it
--   2 bodies    hash  document -> its body; a deleted one has none
-- ARGV: 1 document
-- Returns version and body, each nothing where there is none.

return { redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]) }
