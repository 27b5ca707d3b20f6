#!lua flags=allow-oom
-- purge_begin: decide up to which row a pane is purged. If it goes whole, its rows are late from now on.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash  dropped, dropped:<reason>: rows; waiting_bytes
--   2 panes       hash  pane -> its record (see the library)
--   3 tombstones  zset  panes purged whole, by the instant of it; the newest are kept
--   4 ids         hash  inference id -> its pane and label; see append
-- ARGV: 1 now_us  2 pane  3 before_row, or '' for all  4 whether the pane goes whole: 1 or 0  5 tombstones to keep
--       6 labels that arrived up to this instant are forgotten  7 what the names of their shelves begin with
--       8 rows that the caller knew of, or ''
--   <ARGV[7]><number>  zset  ids of waiting labels by instant of arrival, see the library
-- Returns the row to purge up to; -1 when the pane must stay: a window of it is a dead letter, or it has more rows.

expire_orphans(KEYS[1], KEYS[4], ARGV[7], ARGV[6], 256)
local pane = read_pane(KEYS[2], ARGV[2])
if pane and (pane.dead > 0 or (ARGV[8] ~= '' and pane.rows > tonumber(ARGV[8]))) then
  return -1
end
if ARGV[4] == '1' then
  redis.call('ZADD', KEYS[3], 'NX', ARGV[1], ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - tonumber(ARGV[5]))
  if pane then
    local dropped = pane.rows - pane.settled_rows
    move(KEYS[1], 'dropped', ARGV[9], dropped)
    pane.settled_rows = pane.rows
    write_pane(KEYS[1], KEYS[2], pane)
  end
end
local rows = pane and pane.rows or 0
return ARGV[3] == '' and rows or math.min(tonumber(ARGV[3]), rows)
