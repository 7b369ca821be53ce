-- GETs of the paths in a file, one a line, in a circle that starts where the last run stopped. Arguments: file, start.
dofile(os.getenv("BENCH_LUA") .. "/done.lua")

local paths, at = {}, 0

function init(arguments)
  for path in io.lines(arguments[1]) do paths[#paths + 1] = path end
  at = tonumber(arguments[2])
end

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
