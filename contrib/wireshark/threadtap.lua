-- threadtap for Wireshark and tshark (3.6 or later).
--
-- 1. A dissector for the TIME protocol of the lab: a request is a line that begins with
--    TIME and ends with CR LF, an answer "JAM hh:mm:ss\r\n", and "QUIT\r\n" ends a connection. It takes port 45000; another
--    port: Analyze, Decode As…, or -d tcp.port==PORT,time_lab.
-- 2. A postdissector that makes fields of the comments which `threadtap report` writes
--    on the frames of capture.pcapng: threadtap.worker, threadtap.client_tid,
--    threadtap.serve_tid and so on, for filters, columns and statistics.
--
-- Install: `threadtap wireshark --install`, or copy this file into the folder that
-- Help, About Wireshark, Folders calls "Personal Lua Plugins".

local time_lab = Proto("time_lab", "TIME protocol of the network-programming lab")

local f_request = ProtoField.string("time_lab.request", "Request")
local f_answer = ProtoField.string("time_lab.answer", "Answer")
local f_valid = ProtoField.bool("time_lab.valid", "Valid answer")
local f_response_time =
  ProtoField.relative_time("time_lab.response_time", "Time from request to answer")
local f_request_in = ProtoField.framenum("time_lab.request_in", "Request in frame")
time_lab.fields = { f_request, f_answer, f_valid, f_response_time, f_request_in }

local e_bad_answer = ProtoExpert.new(
  "time_lab.bad_answer", "The answer is not JAM hh:mm:ss and CR LF", expert.group.PROTOCOL,
  expert.severity.WARN)
local e_bad_request = ProtoExpert.new(
  "time_lab.bad_request", "The request is not a line that begins with TIME, nor QUIT", expert.group.PROTOCOL,
  expert.severity.WARN)
local e_unasked = ProtoExpert.new(
  "time_lab.unasked", "An answer that no request was seen for", expert.group.SEQUENCE,
  expert.severity.NOTE)
time_lab.experts = { e_bad_answer, e_bad_request, e_unasked }

-- The longest line that is waited for: the embedded server reads no longer request.
local LONGEST = 64
local PORT = 45000

local tcp_stream = Field.new("tcp.stream")

-- Requests that wait for their answer, by connection, while frames are read for the first
-- time; and for each answer's place the request it belongs to.
local waiting, asked_by

-- No address and port is given to another connection sooner than this, in seconds: Linux
-- waits so long even with net.ipv4.tcp_tw_reuse.
local REUSED = 1

function time_lab.init()
  waiting, asked_by = {}, {}
end

-- Which port is the server's: the one that was decoded as this protocol.
local function from_client(pinfo)
  if pinfo.dst_port == PORT or pinfo.src_port == PORT then
    return pinfo.dst_port == PORT
  end
  return pinfo.dst_port == pinfo.match_uint
end

-- Which connection it is, and whether no other can be meant. Fields have values only where
-- frames are dissected into a tree; when Wireshark reads a file for the first time there is
-- none, and the addresses and ports have to do.
local function connection(pinfo, client)
  local stream = tcp_stream()
  if stream then return stream.value, true end
  local from = tostring(pinfo.src) .. " " .. pinfo.src_port
  local to = tostring(pinfo.dst) .. " " .. pinfo.dst_port
  return client and from .. " " .. to or to .. " " .. from, false
end

local function is_time_of_day(text)
  local h, m, s = text:match("^JAM (%d%d):(%d%d):(%d%d)\r\n$")
  return h ~= nil and tonumber(h) < 24 and tonumber(m) < 60 and tonumber(s) <= 60
end

-- The text of a line as it may be shown: what is not printable is escaped.
local function printable(text)
  return (text:gsub("[^\32-\126]", function(c)
    if c == "\r" then return "\\r" end
    if c == "\n" then return "\\n" end
    return string.format("\\x%02x", c:byte())
  end))
end

local function request(line, text, tree, pinfo, connection, sure)
  tree:add(f_request, line, printable(text))
  local asks = text:match("^TIME.*\r\n$") ~= nil
  if not asks and text ~= "QUIT\r\n" then
    tree:add_proto_expert_info(e_bad_request)
  end
  if asks and not pinfo.visited then
    local queue = waiting[connection] or {}
    waiting[connection] = queue
    local last = queue[#queue]
    -- Those that still wait may be of an earlier connection from the same port.
    if last and not sure and pinfo.rel_ts - last.time >= REUSED then queue.mixed = true end
    queue[#queue + 1] = { frame = pinfo.number, time = pinfo.rel_ts }
  end
end

local function answer(line, text, tree, pinfo, connection, nth)
  tree:add(f_answer, line, printable(text))
  local valid = is_time_of_day(text)
  tree:add(f_valid, line, valid):set_generated()
  if not valid then
    tree:add_proto_expert_info(e_bad_answer)
  end
  local place = pinfo.number .. "/" .. nth
  local queue = waiting[connection]
  if not pinfo.visited and queue then
    local asked = table.remove(queue, 1)
    -- By which request of several connections is not known.
    asked_by[place] = queue.mixed and {} or asked
    queue.mixed = queue.mixed and #queue > 0
  end
  local asked = asked_by[place]
  if asked and asked.frame then
    tree:add(f_request_in, asked.frame):set_generated()
    -- Times since the first frame: of times since 1970 a number holds no nanoseconds.
    local nanoseconds = math.floor((pinfo.rel_ts - asked.time) * 1e9 + 0.5)
    local seconds = math.floor(nanoseconds / 1e9)
    local took = NSTime.new(seconds, nanoseconds - seconds * 1e9)
    tree:add(f_response_time, took):set_generated()
  elseif not asked then
    tree:add_proto_expert_info(e_unasked)
  end
end

function time_lab.dissector(buffer, pinfo, root)
  local length = buffer:len()
  if length == 0 then return 0 end
  pinfo.cols.protocol = "TIME-LAB"
  local client = from_client(pinfo)
  local which, sure = connection(pinfo, client)
  local tree = root:add(time_lab, buffer())
  local at, nth, said = 0, 0, {}
  while at < length do
    local rest = buffer(at):raw()
    local ends = rest:find("\n", 1, true)
    if not ends then
      if #rest < LONGEST and pinfo.can_desegment > 0 then
        -- The rest of the line comes with a later segment.
        pinfo.desegment_offset = at
        pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
        return length
      end
      ends = #rest
    end
    local line, text = buffer(at, ends), rest:sub(1, ends)
    nth = nth + 1
    if client then
      request(line, text, tree, pinfo, which, sure)
    else
      answer(line, text, tree, pinfo, which, nth)
    end
    if nth <= 3 then said[nth] = printable(text:gsub("[\r\n]+$", "")) end
    at = at + ends
  end
  if nth > 3 then said[#said + 1] = string.format("(%d lines)", nth) end
  pinfo.cols.info = (client and "Request: " or "Answer: ") .. table.concat(said, ", ")
  return length
end

DissectorTable.get("tcp.port"):add(PORT, time_lab)

-- The comments as fields ----------------------------------------------------------

local threadtap = Proto("threadtap", "threadtap: whose connection it is")

local fields = {
  flow = ProtoField.uint64("threadtap.flow", "Flow"),
  worker = ProtoField.uint32("threadtap.worker", "Client worker"),
  client_pid = ProtoField.uint32("threadtap.client_pid", "Client process"),
  client_tid = ProtoField.uint32("threadtap.client_tid", "Client thread"),
  server_pid = ProtoField.uint32("threadtap.server_pid", "Server process"),
  accept_tid = ProtoField.uint32("threadtap.accept_tid", "Accepting thread"),
  serve_tid = ProtoField.uint32("threadtap.serve_tid", "Serving thread"),
  what = ProtoField.string("threadtap.what", "What it is"),
}
threadtap.fields = {
  fields.flow, fields.worker, fields.client_pid, fields.client_tid, fields.server_pid,
  fields.accept_tid, fields.serve_tid, fields.what,
}

local comment = Field.new("frame.comment")

-- Which field a number after one of these words is.
local of_client = { worker = "worker", pid = "client_pid", tid = "client_tid" }
local of_server = { pid = "server_pid", accept = "accept_tid", serve = "serve_tid" }

local function numbers(text, names, tree)
  for name, number in text:gmatch("(%a+):(%d+)") do
    local field = names[name] and fields[names[name]]
    if field then
      tree:add(field, tonumber(number)):set_generated()
    end
  end
end

function threadtap.dissector(_, _, root)
  for _, info in ipairs({ comment() }) do
    local text = info.value
    local flow = text:match("^flow=(%d+) ")
    if flow then
      local tree = root:add(threadtap)
      tree:set_generated()
      tree:add(fields.flow, UInt64.new(tonumber(flow))):set_generated()
      numbers(text:match(" client=(%S+)") or "", of_client, tree)
      numbers(text:match(" server=(%S+)") or "", of_server, tree)
      local what = text:match(" what=(%S+)")
      if what then
        tree:add(fields.what, what):set_generated()
      end
    end
  end
end

register_postdissector(threadtap)
