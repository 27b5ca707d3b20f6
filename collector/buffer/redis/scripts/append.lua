#!lua
-- append: store chunks of one monitor in its panes, all of them or, when they do not fit, none; rows that are known
-- already are skipped.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash  accepted, evaluated, dead, dropped, dropped:<reason>: rows; waiting_bytes; max_event_us;
--                       last_append_us; panes: numbers given so far; token: of the last lease; orphans: labels that
--                       wait; orphan_shelf: the next shelf to look through for old ones
--   2 panes       hash  pane -> its record (see the library)
--   3 pane names  hash  number of a pane -> pane
--   4 tombstones  zset  panes purged whole, by the instant of it
--   5 requests    zset  request keys by instant; a member is forgotten after 24 hours
--   6 ids         hash  inference id -> <number of its pane>, or <number>;<at_us>;<target> once it has a label,
--                       or ;<at_us>;<target> for a label that waits for it
--   then for each chunk:
--     rows        stream  of its pane: id <first row + 1>-0; n accepted rows, k indexes of skipped rows (32 bits
--                         each), i inference ids (12 bytes a row), t instant, d the chunk
-- ARGV: 1 now_us  2 max rows  3 max bytes  4 request keys seen up to this instant are forgotten
--       5 labels that arrived up to this instant no longer join  6 what the names of the shelves begin with
--       then for each chunk: pane, chunk, ids, max_event_us or '', rows, how many parts; for each part: rows, and its
--       key behind a colon, or '-'
--   <ARGV[6]><number>  zset  ids of waiting labels by instant of arrival, see the library
-- Returns what waited before: rows, bytes; then for each chunk: 'late' | 'full' | 'stored', new rows, skipped indexes.

local now_us, shelves = ARGV[1], ARGV[6]

-- What earlier chunks of this call will bring.
local seen_ids, seen_keys = {}, {}
local requests_are_fresh = false

-- Rows of requests that came before. Returns the keys of this chunk.
local function skip_resent(chunk, first_part)
  local keys, row = {}, 0
  for at = first_part, first_part + 2 * chunk.parts - 1, 2 do
    local rows, key = tonumber(ARGV[at]), ARGV[at + 1]
    if key ~= '-' then
      if not requests_are_fresh then
        redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', ARGV[4])
        requests_are_fresh = true
      end
      if keys[key] or seen_keys[key] or redis.call('ZSCORE', KEYS[5], key) then
        for index = row, row + rows - 1 do
          chunk.skipped[index] = true
        end
      end
      keys[key] = true
    end
    row = row + rows
  end
  return keys
end

-- Rows whose id the monitor knows, or that are twice in this call.
local function skip_known(chunk)
  for start = 0, chunk.rows - 1, BATCH do
    local some = {}
    for index = start, math.min(start + BATCH, chunk.rows) - 1 do
      some[#some + 1] = chunk.ids:sub(index * 12 + 1, index * 12 + 12)
    end
    local found = redis.call('HMGET', KEYS[6], unpack(some))
    for place, id in ipairs(some) do
      local value = found[place]
      if not chunk.skipped[start + place - 1] then
        if seen_ids[id] or (value and value:sub(1, 1) ~= ';') then
          chunk.skipped[start + place - 1] = true
        else
          seen_ids[id] = true
          chunk.new_ids[#chunk.new_ids + 1] = id
          chunk.labels[#chunk.new_ids] = value
          if value then
            touch_shelf(shelves, id)
          end
        end
      end
    end
  end
end

local function decide(at, stream)
  local chunk = {
    pane = ARGV[at], data = ARGV[at + 1], ids = ARGV[at + 2], max_event_us = ARGV[at + 3], rows = tonumber(ARGV[at + 4]),
    parts = tonumber(ARGV[at + 5]), stream = stream, keys = {}, skipped = {}, new_ids = {}, labels = {}, accepted = 0,
    packed = '',
  }
  if redis.call('ZSCORE', KEYS[4], chunk.pane) then
    chunk.status = 'late'
    return chunk
  end
  chunk.status = 'stored'
  chunk.keys = skip_resent(chunk, at + 6)
  if #chunk.ids > 0 then
    skip_known(chunk)
  end
  local packed = {}
  for index = 0, chunk.rows - 1 do
    if chunk.skipped[index] then
      packed[#packed + 1] = struct.pack('<I4', index)
    end
  end
  chunk.accepted = chunk.rows - #packed
  chunk.packed = table.concat(packed)
  if chunk.accepted > 0 then
    for key in pairs(chunk.keys) do
      seen_keys[key] = true
    end
  end
  return chunk
end

local chunks, new_rows, new_bytes = {}, 0, 0
local at = 7
for place = 7, #KEYS do
  local chunk = decide(at, KEYS[place])
  chunks[#chunks + 1] = chunk
  if chunk.accepted > 0 then
    new_rows = new_rows + chunk.accepted
    new_bytes = new_bytes + #chunk.data
  end
  at = at + 6 + 2 * chunk.parts
end

local sums = redis.call(
  'HMGET', KEYS[1], 'accepted', 'evaluated', 'dead', 'dropped', 'waiting_bytes', 'max_event_us', 'orphans'
)
local waiting = (tonumber(sums[1]) or 0) - (tonumber(sums[2]) or 0) - (tonumber(sums[3]) or 0) - (tonumber(sums[4]) or 0)
local bytes = tonumber(sums[5]) or 0
local max_event_us = tonumber(sums[6])
local full = new_rows > 0 and (waiting + new_rows > tonumber(ARGV[2]) or bytes + new_bytes > tonumber(ARGV[3]))

local answers = { waiting, bytes }
for _, chunk in ipairs(chunks) do
  if full and chunk.accepted > 0 then
    chunk.status, chunk.packed = 'full', ''
  end
  answers[#answers + 1] = { chunk.status, chunk.accepted, chunk.packed }
end
if full or new_rows == 0 then
  return answers
end

-- From here on everything is written.
local joined = 0

local function remember_ids(chunk, pane)
  for start = 1, #chunk.new_ids, BATCH / 2 do
    local some = {}
    for place = start, math.min(start + BATCH / 2 - 1, #chunk.new_ids) do
      local id, label = chunk.new_ids[place], chunk.labels[place]
      if label then
        if orphan_waits(shelves, id, ARGV[5]) then
          pane.labelled = pane.labelled + 1
          pane.label_changes = pane.label_changes + 1
          pane.last_label_us = now_us
        else
          label = nil
        end
        redis.call('ZREM', orphan_shelf(shelves, id), id)
        joined = joined + 1
      end
      some[#some + 1] = id
      some[#some + 1] = pane.number .. (label or '')
    end
    redis.call('HSET', KEYS[6], unpack(some))
  end
end

local function store(chunk)
  local pane = read_pane(KEYS[2], chunk.pane)
  if not pane then
    local number = text(redis.call('HINCRBY', KEYS[1], 'panes', 1))
    redis.call('HSET', KEYS[3], number, chunk.pane)
    pane = parse_pane(chunk.pane, table.concat({ number, '0 0 0 0', now_us, now_us, '- 0 0 0' }, ' '))
  end
  redis.call(
    'XADD', chunk.stream, text(pane.rows + 1) .. '-0',
    'n', text(chunk.accepted), 'k', chunk.packed, 'i', chunk.ids, 't', now_us, 'd', chunk.data
  )
  for key in pairs(chunk.keys) do
    redis.call('ZADD', KEYS[5], 'NX', now_us, key)
  end
  remember_ids(chunk, pane)
  pane.rows = pane.rows + chunk.accepted
  pane.bytes = pane.bytes + #chunk.data
  pane.last_append_us = now_us
  write_pane(KEYS[1], KEYS[2], pane)
  if chunk.max_event_us ~= '' then
    max_event_us = math.max(max_event_us or tonumber(chunk.max_event_us), tonumber(chunk.max_event_us))
  end
end

for _, chunk in ipairs(chunks) do
  if chunk.accepted > 0 then
    store(chunk)
  end
end
redis.call('HINCRBY', KEYS[1], 'accepted', text(new_rows))
redis.call('HSET', KEYS[1], 'last_append_us', now_us)
if max_event_us then
  redis.call('HSET', KEYS[1], 'max_event_us', text(max_event_us))
end
if joined > 0 then
  redis.call('HSET', KEYS[1], 'orphans', text(tonumber(sums[7] or 0) - joined))
end
return answers
