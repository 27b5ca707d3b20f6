#!lua
-- append: store a chunk in a pane; rows that are known already are skipped.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash    accepted, evaluated, dead, dropped, dropped:<reason>: rows; waiting_bytes; max_event_us;
--                         last_append_us; panes: numbers given so far; token: the last one of a lease
--   2 panes       hash    pane -> its record (see the library)
--   3 pane names  hash    number of a pane -> pane
--   4 tombstones  zset    panes purged whole, by the instant of it
--   5 rows        stream  of this pane: id <first row + 1>-0; n accepted rows, k indexes of skipped rows (32 bits
--                         each), i inference ids (12 bytes a row), t instant, d the chunk
--   6 requests    zset    <pane><request key> by instant; a member is forgotten after 24 hours
--   7 ids         hash    inference id -> <number of its pane>, or <number>;<at_us>;<target> once it has a label,
--                         or ;<at_us>;<target> for a label that waits for it
--   8 orphans     zset    ids of waiting labels by instant of arrival
-- ARGV: 1 now_us  2 pane  3 chunk  4 ids  5 max_event_us or ''  6 max rows  7 max bytes  8 request keys seen up to this
--       instant are forgotten  9 labels that arrived up to this instant no longer join  10 rows
--       then for each part: rows, and its key behind a colon, or '-'
-- Returns 'late' | 'full' | 'stored', accepted, skipped indexes, and what waited before: rows, bytes.

local now_us, name, chunk, ids = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local rows = tonumber(ARGV[10])

if redis.call('ZSCORE', KEYS[4], name) then
  return { 'late', 0, '', 0, 0 }
end

-- Rows of requests that this pane has seen.
local skipped = {}
local keys = {}
local row = 0
for at = 11, #ARGV, 2 do
  local part_rows, key = tonumber(ARGV[at]), ARGV[at + 1]
  if key ~= '-' then
    if not next(keys) then
      redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', ARGV[8])
    end
    local member = name .. key
    if keys[member] or redis.call('ZSCORE', KEYS[6], member) then
      for index = row, row + part_rows - 1 do
        skipped[index] = true
      end
    end
    keys[member] = true
  end
  row = row + part_rows
end

-- Rows whose id the monitor knows, or that are twice in this chunk.
local new_ids, waiting_labels = {}, {}
if #ids > 0 then
  local seen = {}
  for start = 0, rows - 1, BATCH do
    local some = {}
    for index = start, math.min(start + BATCH, rows) - 1 do
      some[#some + 1] = ids:sub(index * 12 + 1, index * 12 + 12)
    end
    local found = redis.call('HMGET', KEYS[7], unpack(some))
    for place, id in ipairs(some) do
      local value = found[place]
      if not skipped[start + place - 1] then
        if seen[id] or (value and value:sub(1, 1) ~= ';') then
          skipped[start + place - 1] = true
        else
          seen[id] = true
          new_ids[#new_ids + 1] = id
          waiting_labels[#new_ids] = value
        end
      end
    end
  end
end

local packed = {}
for index = 0, rows - 1 do
  if skipped[index] then
    packed[#packed + 1] = struct.pack('<I4', index)
  end
end
local accepted = rows - #packed
packed = table.concat(packed)
if accepted == 0 then
  return { 'stored', 0, packed, 0, 0 }
end

local sums = redis.call('HMGET', KEYS[1], 'accepted', 'evaluated', 'dead', 'dropped', 'waiting_bytes', 'max_event_us')
local waiting = (tonumber(sums[1]) or 0) - (tonumber(sums[2]) or 0) - (tonumber(sums[3]) or 0) - (tonumber(sums[4]) or 0)
local bytes = tonumber(sums[5]) or 0
if waiting + accepted > tonumber(ARGV[6]) or bytes + #chunk > tonumber(ARGV[7]) then
  return { 'full', accepted, '', waiting, bytes }
end

-- From here on everything is written.
local pane = read_pane(KEYS[2], name)
if not pane then
  local number = text(redis.call('HINCRBY', KEYS[1], 'panes', 1))
  redis.call('HSET', KEYS[3], number, name)
  pane = parse_pane(name, table.concat({ number, '0 0 0 0', now_us, now_us, '- 0 0' }, ' '))
end
redis.call('XADD', KEYS[5], text(pane.rows + 1) .. '-0', 'n', text(accepted), 'k', packed, 'i', ids, 't', now_us, 'd', chunk)
for member in pairs(keys) do
  redis.call('ZADD', KEYS[6], 'NX', now_us, member)
end
for start = 1, #new_ids, BATCH / 2 do
  local some = {}
  for place = start, math.min(start + BATCH / 2 - 1, #new_ids) do
    local id, label = new_ids[place], waiting_labels[place]
    if label then
      if tonumber(redis.call('ZSCORE', KEYS[8], id)) > tonumber(ARGV[9]) then
        pane.labelled = pane.labelled + 1
        pane.last_label_us = now_us
      else
        label = nil
      end
      redis.call('ZREM', KEYS[8], id)
    end
    some[#some + 1] = id
    some[#some + 1] = pane.number .. (label or '')
  end
  redis.call('HSET', KEYS[7], unpack(some))
end
pane.rows = pane.rows + accepted
pane.bytes = pane.bytes + #chunk
pane.last_append_us = now_us
write_pane(KEYS[1], KEYS[2], pane)
redis.call('HINCRBY', KEYS[1], 'accepted', text(accepted))
redis.call('HSET', KEYS[1], 'last_append_us', now_us)
if ARGV[5] ~= '' and (not sums[6] or tonumber(ARGV[5]) > tonumber(sums[6])) then
  redis.call('HSET', KEYS[1], 'max_event_us', ARGV[5])
end
return { 'stored', accepted, packed, waiting, bytes }
