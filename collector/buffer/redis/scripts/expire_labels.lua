#!lua flags=allow-oom
-- expire_labels: forget labels that waited too long, of an eighth of all shelves.
--
-- KEYS, all of one monitor, without TTL:
--   1 account  hash  orphans: labels that wait; orphan_shelf: the next shelf to look through
--   2 ids      hash  inference id -> its pane and label; see append
-- ARGV: 1 labels that arrived up to this instant are forgotten  2 what the names of the shelves begin with
--   <ARGV[2]><number>  zset  ids of waiting labels by instant of arrival, see the library

expire_orphans(KEYS[1], KEYS[2], ARGV[2], ARGV[1], SHELVES / 8)
