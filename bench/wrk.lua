-- Model calls of a real client's size. Arguments after `--`: scenario, kilobytes of body, stream (true or false), and
-- perhaps the bearer.
function init(args)
  local scenario, kb, stream = args[1], tonumber(args[2]), args[3]
  local pad = string.rep("The quick brown fox jumps over the lazy dog. ", math.floor(kb * 1000 / 45))
  wrk.method = "POST"
  wrk.path = "/v1/messages?beta=true"
  wrk.headers["authorization"] = "Bearer " .. (args[4] or "writ_ses_bench")
  wrk.headers["content-type"] = "application/json"
  wrk.headers["anthropic-version"] = "2023-06-01"
  wrk.headers["user-agent"] = "claude-cli/2.1.330 (external, sdk-cli)"
  wrk.headers["x-claude-code-session-id"] = "6f1d2a4e-0000-4000-8000-000000000000"
  wrk.body = '{"model":"claude-fable-5-2","max_tokens":8000,"stream":' .. stream ..
    ',"messages":[{"role":"user","content":"' .. pad .. ' SCENARIO:' .. scenario .. '"}]}'
  request_bytes = wrk.format()
end

function request()
  return request_bytes
end
