#!lua flags=no-writes
-- account: the sums that were kept, and what waits as the panes show it.
--
-- KEYS, all of one monitor, without TTL:
--   1 account  hash    accepted, evaluated, dead, dropped, dropped:<reason>: rows
--   2 panes    hash    pane -> its record (see the library)
-- ARGV: 1 what the names of the panes' streams begin with
--   <ARGV[1]><pane>   stream  the pane's chunks; see append
-- Returns the account's fields and values; waiting rows; their bytes; the instant of the oldest of them or ''.

local waiting, bytes, oldest_us = 0, 0, nil
local records = redis.call('HGETALL', KEYS[2])
for at = 1, #records, 2 do
  local pane = parse_pane(records[at], records[at + 1])
  if pane.rows > pane.settled_rows then
    waiting = waiting + pane.rows - pane.settled_rows
    bytes = bytes + waiting_bytes(pane)
    -- Settled rows come before waiting ones, nearly always: late rows are appended behind.
    local appended_us = pane.first_append_us
    if pane.settled_rows > 0 then
      local chunk = redis.call('XREVRANGE', ARGV[1] .. pane.name, text(pane.settled_rows + 1), '-', 'COUNT', 1)[1]
      if not chunk then
        chunk = redis.call('XRANGE', ARGV[1] .. pane.name, '-', '+', 'COUNT', 1)[1]
      end
      for field = 1, #chunk[2], 2 do
        if chunk[2][field] == 't' then
          appended_us = chunk[2][field + 1]
        end
      end
    end
    if not oldest_us or tonumber(appended_us) < tonumber(oldest_us) then
      oldest_us = appended_us
    end
  end
end
return { redis.call('HGETALL', KEYS[1]), waiting, bytes, oldest_us or '' }
