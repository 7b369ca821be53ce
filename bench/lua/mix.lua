-- GETs of the paths in a file in turn, and at every twentieth request a POST. Arguments: paths, body, path, prefix.
dofile(os.getenv("BENCH_LUA") .. "/done.lua")

local gets, body, path, prefix, at = {}, "", "", "", 0

function init(arguments)
  for line in io.lines(arguments[1]) do gets[#gets + 1] = wrk.format("GET", line) end
  body, path, prefix = io.open(arguments[2]):read("*a"), arguments[3], arguments[4]
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  at = at + 1
  if at % 20 == 0 then
    return wrk.format("POST", path, nil, (body:gsub("@", prefix .. at)))
  end
  return gets[(at - math.floor(at / 20)) % #gets + 1]
end
