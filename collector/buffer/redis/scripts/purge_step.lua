#!lua flags=allow-oom
-- purge_step: forget the next rows of a pane, with their ids and labels. Every step leaves a state that makes sense.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash    dropped, dropped:<reason>: rows; waiting_bytes
--   2 panes       hash    pane -> its record (see the library)
--   3 pane names  hash    number of a pane -> pane
--   4 settled     hash    <pane>#<part>/<phase> -> the last settlement of a window (see the library)
--   5 rows        stream  the pane's chunks; see append
--   6 ids         hash    inference id -> its pane and label; see append
-- ARGV: 1 pane  2 before_row  3 whether the pane goes with its last row: 1 or 0  4 rows in one step  5 reason
-- Returns 1 when all are gone, else 0.

local pane = read_pane(KEYS[2], ARGV[1])
if not pane then
  return 1
end
local before_row = tonumber(ARGV[2])
local stop_row = math.min(before_row, pane.trimmed + tonumber(ARGV[4]))

local function forget_ids(ids, first, stop)
  for start = first, stop, BATCH do
    local some = {}
    for place = start, math.min(start + BATCH - 1, stop) do
      some[#some + 1] = ids[place]
    end
    redis.call('HDEL', KEYS[6], unpack(some))
  end
end

-- Forget what the chunk holds of rows [trimmed, stop_row); says whether it was its last.
local function trim_chunk(first_row, entry)
  local rows = tonumber(entry.n)
  if #entry.i > 0 then
    local skipped, kept = {}, {}
    for at = 1, #entry.k, 4 do
      skipped[struct.unpack('<I4', entry.k, at)] = true
    end
    for index = 0, #entry.i / 12 - 1 do
      if not skipped[index] then
        kept[#kept + 1] = entry.i:sub(index * 12 + 1, index * 12 + 12)
      end
    end
    forget_ids(kept, math.max(pane.trimmed - first_row, 0) + 1, math.min(stop_row - first_row, rows))
  end
  return first_row + rows <= stop_row
end

local done = false
while not done and stop_row > pane.trimmed do
  local chunks = redis.call('XRANGE', KEYS[5], '-', text(stop_row), 'COUNT', 100)
  local gone = {}
  for _, chunk in ipairs(chunks) do
    local entry = {}
    for at = 1, #chunk[2], 2 do
      entry[chunk[2][at]] = chunk[2][at + 1]
    end
    if trim_chunk(tonumber(chunk[1]:match('^%d+')) - 1, entry) then
      gone[#gone + 1] = chunk[1]
      pane.bytes = pane.bytes - #entry.d
    end
  end
  if #gone > 0 then
    redis.call('XDEL', KEYS[5], unpack(gone))
  end
  done = #chunks < 100 or #gone < #chunks
end

local prefix = ARGV[1] .. '#'
local fields = redis.call('HKEYS', KEYS[4])
if stop_row > pane.trimmed then
  -- Rows that a settlement counted stay counted for good; the others are dropped.
  local settled_rows = 0
  for _, field in ipairs(fields) do
    local is = field:sub(1, #prefix) == prefix and read_settled(KEYS[4], field)
    if is and is.counted > 0 and is.counted_from < stop_row then
      local final = math.min(is.counted, stop_row - is.counted_from)
      settled_rows = settled_rows + final
      is.counted, is.counted_from = is.counted - final, stop_row
      write_settled(KEYS[4], field, is)
    end
  end
  local dropped = stop_row - pane.trimmed - settled_rows
  dropped = math.max(math.min(dropped, pane.rows - pane.settled_rows), 0)
  move(KEYS[1], 'dropped', ARGV[5], dropped)
  pane.settled_rows = pane.settled_rows + dropped
  pane.trimmed = stop_row
end
write_pane(KEYS[1], KEYS[2], pane)

local all_gone = stop_row >= before_row
local whole = ARGV[3] == '1'
for _, field in ipairs(fields) do
  if field:sub(1, #prefix) == prefix then
    local is = read_settled(KEYS[4], field)
    local wholly_before = is.stop_row ~= '-' and tonumber(is.stop_row) <= pane.trimmed
    if (whole and all_gone) or (not whole and wholly_before) then
      redis.call('HDEL', KEYS[4], field)
    end
  end
end
if whole and all_gone then
  redis.call('HINCRBY', KEYS[1], 'waiting_bytes', text(-pane.bytes_before))
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[3], pane.number)
  redis.call('DEL', KEYS[5])
end
return all_gone and 1 or 0
