-- What rspamd's own reader makes of files, for read_ucl.c's lines. Each line
-- of the file in the environment's FILES is a path.
local ucl = require "ucl"

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

local out = io.open(os.getenv("ANSWERS"), "a")
for path in io.lines(os.getenv("FILES")) do
  local parser = ucl.parser()
  parser:register_variable("DBDIR", "/var/lib/rspamd")
  parser:register_variable("VERSION", "3.4")
  local ok, err
  if exists(path .. ".local") or exists(path .. ".override") then
    ok, err = parser:parse_string(string.format([[
s {
  .include "%s"
  .include(try=true,priority=1,duplicate=merge) "%s.local"
  .include(try=true,priority=10) "%s.override"
}]], path, path, path))
  else
    ok, err = parser:parse_file(path)
  end
  if ok then
    out:write("ok ", parser:get_object_wrapped():tostring("json-compact"),
        "\n")
  else
    out:write("broken ", (tostring(err):gsub("\n", " ")), "\n")
  end
  out:flush()
end
out:close()
