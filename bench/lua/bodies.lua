-- POSTs of the body in a file, every @ in it made into a text that no other request has. Arguments: file, path, prefix.
dofile(os.getenv("BENCH_LUA") .. "/done.lua")

local body, path, prefix, at = "", "", "", 0

function init(arguments)
  body, path, prefix = io.open(arguments[1]):read("*a"), arguments[2], arguments[3]
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  at = at + 1
  return wrk.format("POST", path, nil, (body:gsub("@", prefix .. at)))
end
