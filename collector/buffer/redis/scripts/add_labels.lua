#!lua
-- add_labels: join labels to their inferences, or keep them until those come.
--
-- KEYS, all of one monitor, without TTL:
--   1 account     hash  waiting_bytes
--   2 panes       hash  pane -> its record (see the library)
--   3 pane names  hash  number of a pane -> pane
--   4 ids         hash  inference id -> <number of its pane>, <number>;<at_us>;<target> once it has a label,
--                       or ;<at_us>;<target> for a label that waits for it
--   5 orphans     zset  ids of waiting labels by instant of arrival; a member is forgotten after seven days
-- ARGV: 1 now_us  2 labels that arrived up to this instant are forgotten  3 how many may wait
--       then for each label: id, at_us or '', target
-- Returns joined, waiting, unchanged; or nothing when more labels would wait than may: then none was taken.

local now_us = ARGV[1]
expire_orphans(KEYS[4], KEYS[5], ARGV[2])

-- Decide on a copy, so that a refusal leaves no trace. values: what each id will hold.
local values, fresh, panes, order = {}, {}, {}, {}
local joined, waiting, unchanged, new_orphans = 0, 0, 0, 0
for start = 4, #ARGV, BATCH * 3 do
  local some = {}
  for at = start, math.min(start + BATCH * 3 - 1, #ARGV), 3 do
    some[#some + 1] = ARGV[at]
  end
  local found = redis.call('HMGET', KEYS[4], unpack(some))
  for place, id in ipairs(some) do
    if values[id] == nil then
      values[id] = found[place] -- false: unknown
      order[#order + 1] = id
    end
    local at = start + (place - 1) * 3
    local at_us, target = ARGV[at + 1], ARGV[at + 2]
    local number, before_us, before = '', nil, nil
    if values[id] then
      number, before_us, before = values[id]:match('^(%d*);([-%d]*);(.*)$')
      number = number or values[id]
    end
    local older = before and at_us ~= '' and before_us ~= '' and tonumber(at_us) < tonumber(before_us)
    if older or before == target then
      unchanged = unchanged + 1
    else
      values[id] = number .. ';' .. at_us .. ';' .. target
      fresh[id] = true
      if number == '' then
        waiting = waiting + 1
        if not before then
          new_orphans = new_orphans + 1
        end
      else
        joined = joined + 1
        panes[number] = (panes[number] or 0) + (before and 0 or 1)
      end
    end
  end
end
if new_orphans > 0 and redis.call('ZCARD', KEYS[5]) + new_orphans > tonumber(ARGV[3]) then
  return false
end

local some = {}
for place, id in ipairs(order) do
  if fresh[id] then
    some[#some + 1] = id
    some[#some + 1] = values[id]
    if values[id]:sub(1, 1) == ';' then
      redis.call('ZADD', KEYS[5], now_us, id)
    end
  end
  if #some > 0 and (#some >= BATCH or place == #order) then
    redis.call('HSET', KEYS[4], unpack(some))
    some = {}
  end
end
for number, labelled in pairs(panes) do
  local pane = read_pane(KEYS[2], redis.call('HGET', KEYS[3], number))
  pane.labelled = pane.labelled + labelled
  pane.last_label_us = now_us
  write_pane(KEYS[1], KEYS[2], pane)
end
return { joined, waiting, unchanged }
