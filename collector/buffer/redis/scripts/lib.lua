-- Put before every deed: records as text, and how rows move between the columns of the account.
-- Numbers are doubles here: exact up to 2^53, which microseconds reach in the year 2255. They are written by `text`,
-- never by tostring, which would round them to 14 digits.

local BATCH = 4000 -- values that one unpack() may pass; Lua's stack ends at 8000

local function text(number)
  return string.format('%.0f', number + 0) -- plus 0: a minus zero would be written as -0, which is no integer
end

-- Record of a pane: number rows trimmed labelled bytes first_append_us last_append_us last_label_us settled_rows dead
--   label_changes
--   rows: ordinals given so far; trimmed: the first of them, forgotten; settled_rows: counted by a settlement, or
--   dropped; dead: how many windows of it are dead letters; last_label_us is '-' before the first label;
--   label_changes: how often a label joined its rows, or changed.

local function waiting_bytes(pane)
  local present = pane.rows - pane.trimmed
  if present <= 0 then
    return 0
  end
  return math.floor(pane.bytes * (pane.rows - pane.settled_rows) / present)
end

local function parse_pane(name, record)
  local field = {}
  for each in record:gmatch('%S+') do
    field[#field + 1] = each
  end
  local pane = {
    name = name, number = field[1], rows = tonumber(field[2]), trimmed = tonumber(field[3]),
    labelled = tonumber(field[4]), bytes = tonumber(field[5]), first_append_us = field[6],
    last_append_us = field[7], last_label_us = field[8], settled_rows = tonumber(field[9]), dead = tonumber(field[10]),
    label_changes = tonumber(field[11]),
  }
  pane.bytes_before = waiting_bytes(pane)
  return pane
end

local function read_pane(panes, name)
  local record = redis.call('HGET', panes, name)
  return record and parse_pane(name, record)
end

local function write_pane(account, panes, pane)
  local change = waiting_bytes(pane) - pane.bytes_before
  pane.bytes_before = pane.bytes_before + change
  redis.call('HINCRBY', account, 'waiting_bytes', text(change))
  redis.call('HSET', panes, pane.name, table.concat({
    pane.number, text(pane.rows), text(pane.trimmed), text(pane.labelled), text(pane.bytes), pane.first_append_us,
    pane.last_append_us, pane.last_label_us, text(pane.settled_rows), text(pane.dead),
    text(pane.label_changes),
  }, ' '))
end

-- Rows enter (or, below zero, leave) a column of the account. WAITING has none: it is what the others leave over.
local function move(account, outcome, reason, rows)
  if rows == 0 or outcome == 'waiting' then
    return
  end
  redis.call('HINCRBY', account, outcome, text(rows))
  if outcome == 'dropped' then
    redis.call('HINCRBY', account, 'dropped:' .. reason, text(rows))
  end
end

-- Settlement of a window: outcome rows labelled revision at_us seen counted counted_from stop_row reason
--   counted: rows of the account that stand on it, from row counted_from; stop_row is '-' where the window has no end.
local function read_settled(settled, field)
  local record = redis.call('HGET', settled, field)
  if not record then
    return nil
  end
  local outcome, rows, labelled, revision, at_us, seen, counted, from, stop, reason =
    record:match('^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  return {
    outcome = outcome, rows = rows, labelled = labelled, revision = revision, at_us = at_us, seen = seen,
    counted = tonumber(counted), counted_from = tonumber(from), stop_row = stop, reason = reason,
  }
end

local function write_settled(settled, field, is)
  redis.call('HSET', settled, field, table.concat({
    is.outcome, is.rows, is.labelled, is.revision, is.at_us, is.seen, text(is.counted), text(is.counted_from),
    is.stop_row, is.reason,
  }, ' '))
end

-- Replace the last settlement of a window in a phase; its rows move by the difference. A revision never goes back.
-- From ARGV[at]: pane part phase first_row stop_row|- outcome rows labelled revision at_us seen counts(0|1) reason
local function settle(account, panes, settled, at)
  local pane = read_pane(panes, ARGV[at])
  local first_row, stop_row = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if not pane or (stop_row and stop_row <= pane.trimmed) then
    return -- purged meanwhile: it says nothing any more
  end
  local field = ARGV[at] .. '#' .. ARGV[at + 1] .. '/' .. ARGV[at + 2]
  local before = read_settled(settled, field)
  local before_rows = before and before.counted or 0
  local is = {
    outcome = ARGV[at + 5], rows = ARGV[at + 6], labelled = ARGV[at + 7],
    revision = before and tonumber(before.revision) > tonumber(ARGV[at + 8]) and before.revision or ARGV[at + 8],
    at_us = ARGV[at + 9], seen = ARGV[at + 10], counted = before_rows, counted_from = math.max(first_row, pane.trimmed),
    stop_row = ARGV[at + 4], reason = ARGV[at + 12],
  }
  if ARGV[at + 11] == '1' then
    -- Never more than is there, nor than other windows left: a row is counted once, whatever is told.
    local there = math.min(stop_row or pane.rows, pane.rows) - is.counted_from
    local left = pane.rows - pane.settled_rows + before_rows
    is.counted = math.max(math.min(tonumber(is.rows), there, left), 0)
  end
  if before then
    move(account, before.outcome, before.reason, -before_rows)
    if before.outcome == 'dead' then
      pane.dead = pane.dead - 1
    end
  end
  if is.outcome == 'dead' then
    pane.dead = pane.dead + 1
  end
  move(account, is.outcome, is.reason, is.counted)
  pane.settled_rows = pane.settled_rows + is.counted - before_rows
  write_settled(settled, field, is)
  write_pane(account, panes, pane)
end

-- A dead letter was replayed ('waiting') or deleted ('dropped'): its rows follow, unless they were settled since.
local function release_dead(account, panes, settled, pane_name, part, phase, outcome, reason)
  local pane = read_pane(panes, pane_name)
  local field = pane_name .. '#' .. part .. '/' .. phase
  local is = pane and read_settled(settled, field)
  if not is or is.outcome ~= 'dead' then
    return
  end
  move(account, 'dead', '', -is.counted)
  move(account, outcome, reason, is.counted)
  pane.dead = pane.dead - 1
  is.outcome, is.reason = outcome, reason
  if outcome == 'waiting' then
    pane.settled_rows = pane.settled_rows - is.counted
    is.rows, is.labelled, is.seen, is.counted = '0', '0', '0', 0
  end
  write_settled(settled, field, is)
  write_pane(account, panes, pane)
end

-- Record of an item: attempt token leased(0|1) generation leased_generation wanted_us owner
--   generation grows with each new payload; leased_generation is the one that the lease took; wanted_us: from when
--   the newest payload is to be done.
local function read_item(items, key)
  local record = redis.call('HGET', items, key)
  if not record then
    return nil
  end
  local attempt, token, leased, generation, leased_generation, wanted_us, owner =
    record:match('^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  return {
    attempt = tonumber(attempt), token = token, leased = leased, generation = tonumber(generation),
    leased_generation = tonumber(leased_generation), wanted_us = wanted_us, owner = owner,
  }
end

local function write_item(items, key, item)
  redis.call('HSET', items, key, table.concat({
    text(item.attempt), item.token, item.leased, text(item.generation), text(item.leased_generation), item.wanted_us,
    item.owner,
  }, ' '))
end

local function put_item(queue, items, payloads, key, payload, ready_us)
  local item = read_item(items, key)
  if not item then
    redis.call('ZADD', queue, ready_us, key)
    write_item(items, key, {
      attempt = 0, token = '0', leased = '0', generation = 0, leased_generation = 0, wanted_us = ready_us, owner = '',
    })
    redis.call('HSET', payloads, key, payload)
    return
  end
  if item.leased == '0' and item.attempt == 0 then
    redis.call('ZADD', queue, 'LT', ready_us, key)
  end
  if redis.call('HGET', payloads, key) == payload then
    return
  end
  item.generation = item.generation + 1
  item.wanted_us = ready_us
  write_item(items, key, item)
  redis.call('HSET', payloads, key, payload)
end

-- The item under this token, or nil: then its lease is lost, and nothing may be changed.
local function own_item(items, key, token)
  local item = read_item(items, key)
  return item and item.leased == '1' and item.token == token and item
end

-- The leased item is gone, or, when it was put again meanwhile, ready with a fresh start.
local function finish_item(queue, items, payloads, key, item)
  if item.generation == item.leased_generation then
    redis.call('ZREM', queue, key)
    redis.call('HDEL', items, key)
    redis.call('HDEL', payloads, key)
    return
  end
  item.leased, item.attempt, item.owner = '0', 0, ''
  redis.call('ZADD', queue, item.wanted_us, key)
  write_item(items, key, item)
end

-- Labels that wait for their inference stand in `ids`, and by instant of arrival in one of many small zsets, the shelves:
-- Redis keeps a zset of up to 128 members packed, in a quarter of the memory. account.orphans: how many labels wait;
-- account.orphan_shelf: the next shelf to look through for labels that waited too long.
local SHELVES = 16384

local function orphan_shelf(prefix, id)
  local first, second = id:byte(1, 2)
  return prefix .. text((first * 256 + second) % SHELVES)
end

-- Shelves are no KEYS of a script: there are too many. A cluster that is moving them refuses the first access to one that
-- is elsewhere already, and what a script wrote before stays. So it touches all that it will need before it writes.
local function touch_shelf(prefix, id)
  redis.call('EXISTS', orphan_shelf(prefix, id))
end

-- Whether the label that waits under this id arrived after an instant.
local function orphan_waits(prefix, id, after_us)
  local arrived_us = redis.call('ZSCORE', orphan_shelf(prefix, id), id)
  return arrived_us and tonumber(arrived_us) > tonumber(after_us)
end

-- Labels that waited too long are forgotten, some shelves with every call. Each shelf leaves the sums right behind it: the
-- next one may be refused (see `touch_shelf`).
local function expire_orphans(account, ids, prefix, before_us, shelves)
  local sums = redis.call('HMGET', account, 'orphans', 'orphan_shelf')
  local shelf = tonumber(sums[2]) or 0
  if (tonumber(sums[1]) or 0) == 0 then
    return
  end
  for _ = 1, shelves do
    local name = prefix .. text(shelf)
    local old = redis.call('ZRANGEBYSCORE', name, '-inf', before_us, 'LIMIT', 0, BATCH)
    if #old > 0 then
      redis.call('HDEL', ids, unpack(old))
      redis.call('ZREM', name, unpack(old))
      redis.call('HINCRBY', account, 'orphans', -#old)
    end
    if #old < BATCH then
      shelf = (shelf + 1) % SHELVES
    end
  end
  redis.call('HSET', account, 'orphan_shelf', text(shelf))
end
