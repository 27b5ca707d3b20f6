#!lua flags=no-writes
-- document_versions: the version of every document that has a body.
--
-- KEYS, both of one kind, without TTL:
--   1 versions  hash  document -> its version; a deleted one keeps it
--   2 bodies    hash  document -> its body; a deleted one has none
-- Returns documents and versions in turn.

local found = {}
for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', KEYS[1], name)
end
return found
