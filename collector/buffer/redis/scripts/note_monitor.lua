#!lua flags=allow-oom
-- note_monitor: remember that a monitor has snapshots or dead letters.
--
-- KEYS:
--   1 monitors  set, without TTL  every such monitor; who asks for all of them begins here
-- ARGV: 1 monitor

redis.call('SADD', KEYS[1], ARGV[1])
