#!lua
-- add_labels: join labels to their inferences, or keep them until those come.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash  waiting_bytes; orphans: labels that wait; orphan_shelf: the next shelf to look through
--   2 panes       hash  pane -> its record (see the library)
--   3 pane names  hash  number of a pane -> pane
--   4 ids         hash  inference id -> <number of its pane>, <number>;<at_us>;<target> once it has a label,
--                       or ;<at_us>;<target> for a label that waits for it
-- ARGV: 1 now_us  2 labels that arrived up to this instant are forgotten  3 what the names of the shelves begin with
--       4 how many may wait; then for each label: id, at_us or '', target
--   <ARGV[3]><number>  zset  ids of waiting labels by instant of arrival, see the library
-- Returns joined, waiting, unchanged, then each pane and how many of its rows got their first label; or nothing when more labels would wait than may: then none was taken.

local now_us, before_us, shelves = ARGV[1], ARGV[2], ARGV[3]
expire_orphans(KEYS[1], KEYS[4], shelves, before_us, 32)

-- Decide on a copy, so that a refusal leaves no trace. values: what each id will hold.
local values, fresh, panes, order = {}, {}, {}, {}
local joined, waiting, unchanged, new_orphans = 0, 0, 0, 0
for start = 5, #ARGV, BATCH * 3 do
  local some = {}
  for at = start, math.min(start + BATCH * 3 - 1, #ARGV), 3 do
    some[#some + 1] = ARGV[at]
  end
  local found = redis.call('HMGET', KEYS[4], unpack(some))
  for place, id in ipairs(some) do
    if values[id] == nil then
      values[id] = found[place] -- false: unknown
      order[#order + 1] = id
      if not found[place] then
        new_orphans = new_orphans + 1
        touch_shelf(shelves, id)
      elseif found[place]:sub(1, 1) == ';' and not orphan_waits(shelves, id, before_us) then
        values[id] = false -- it waited too long, and is replaced
      end
    end
    local at = start + (place - 1) * 3
    local at_us, target = ARGV[at + 1], ARGV[at + 2]
    local number, label_us, label = '', nil, nil
    if values[id] then
      number, label_us, label = values[id]:match('^(%d*);([-%d]*);(.*)$')
      number = number or values[id]
    end
    local older = label and at_us ~= '' and label_us ~= '' and tonumber(at_us) < tonumber(label_us)
    if older or label == target then
      unchanged = unchanged + 1
    else
      values[id] = number .. ';' .. at_us .. ';' .. target
      fresh[id] = true
      if number == '' then
        waiting = waiting + 1
      else
        joined = joined + 1
        local change = panes[number] or { labelled = 0, changes = 0 }
        change.labelled = change.labelled + (label and 0 or 1)
        change.changes = change.changes + 1
        panes[number] = change
      end
    end
  end
end
if new_orphans > 0 then
  local orphans = tonumber(redis.call('HGET', KEYS[1], 'orphans') or 0) + new_orphans
  if orphans > tonumber(ARGV[4]) then
    return false
  end
  redis.call('HSET', KEYS[1], 'orphans', text(orphans))
end

local some = {}
for place, id in ipairs(order) do
  if fresh[id] then
    some[#some + 1] = id
    some[#some + 1] = values[id]
    if values[id]:sub(1, 1) == ';' then
      redis.call('ZADD', orphan_shelf(shelves, id), now_us, id)
    end
  end
  if #some > 0 and (#some >= BATCH or place == #order) then
    redis.call('HSET', KEYS[4], unpack(some))
    some = {}
  end
end
local answer = { joined, waiting, unchanged }
for number, change in pairs(panes) do
  local pane = read_pane(KEYS[2], redis.call('HGET', KEYS[3], number))
  pane.labelled = pane.labelled + change.labelled
  pane.label_changes = pane.label_changes + change.changes
  pane.last_label_us = now_us
  write_pane(KEYS[1], KEYS[2], pane)
  if change.labelled > 0 then
    answer[#answer + 1] = pane.name
    answer[#answer + 1] = text(change.labelled)
  end
end
return answer
