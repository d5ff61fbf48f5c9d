-- Signed syncLead calls for wrk: every second one for a lead that is known, the others for new ones.
--
-- The signature covers the timestamp and the user, not the body, so the harness makes it once and hands over the
-- three constant parts of the envelope. Each call carries a score of its own, so that an update changes something
-- and can be found again. What was acknowledged is written to a file, line by line, for the check at the end.

local before, between, after = os.getenv("BENCH_BEFORE"), os.getenv("BENCH_BETWEEN"), os.getenv("BENCH_AFTER")
local cell, known = os.getenv("BENCH_CELL"), tonumber(os.getenv("BENCH_KNOWN"))
local first_score = tonumber(os.getenv("BENCH_FIRST_SCORE"))
local file = os.getenv("BENCH_ACKNOWLEDGED")
local headers = { ["Content-Type"] = "text/xml; charset=utf-8", ["SOAPAction"] = '""' }
local acknowledged

sent, wrong, first_wrong = 0, 0, ""

local the_thread
function setup(thread)
  the_thread = thread -- one: the harness asks wrk for no more
end

function init(args)
  math.randomseed(tonumber(cell))
  wrk.method = "POST"
  acknowledged = io.open(file, "w")
  acknowledged:setvbuf("line") -- wrk ends without closing its files
end

function request()
  sent = sent + 1
  local email
  if sent % 2 == 0 then
    email = "known-" .. math.random(1, known) .. "@bench.example"
  else
    email = "new-" .. cell .. "-" .. sent .. "@bench.example"
  end
  return wrk.format("POST", wrk.path, headers, before .. email .. between .. (first_score + sent) .. after)
end

-- Elements may have prefixes and the stacks order their attributes as they like; only the text counts.
function response(status, answered, body)
  local id, outcome = body:match("leadId>(%d+)</.-[:<]status>(%u+)<")
  local email = body:match("[:<]Email>([^<]+)<")
  local score = body:match("attrName>LeadScore</.-attrValue>(%d+)<")
  if status == 200 and id and email and score and (outcome == "CREATED" or outcome == "UPDATED") then
    acknowledged:write(outcome, " ", id, " ", email, " ", score, "\n")
  else
    wrong = wrong + 1
    if wrong == 1 then first_wrong = status .. " " .. body:sub(1, 600):gsub("%s+", " ") end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local numbers = {
    requests = summary.requests, microseconds = summary.duration, sent = the_thread:get("sent"),
    wrong = the_thread:get("wrong"), status_errors = errors.status, timeouts = errors.timeout,
    socket_errors = errors.connect + errors.read + errors.write,
    p50 = latency:percentile(50), p99 = latency:percentile(99),
  }
  for name, value in pairs(numbers) do io.write(string.format("BENCH %s %.0f\n", name, value)) end
  io.write("BENCH_WRONG ", the_thread:get("first_wrong"), "\n")
end
