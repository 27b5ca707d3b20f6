#!lua
-- put_document: store the next version of a document; an equal body keeps the version it has.
--
-- KEYS, both of one kind, without TTL:
--   1 versions  hash  document -> its version; a deleted one keeps it
--   2 bodies    hash  document -> its body; a deleted one has none
-- ARGV: 1 document  2 body
-- Returns the version.

if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then
  return tonumber(redis.call('HGET', KEYS[1], ARGV[1]))
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
