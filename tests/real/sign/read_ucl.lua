-- What rspamd's own reader makes of files, for read_ucl.c's lines. Each line
-- of the file in the environment's FILES is a path.
local ucl = require "ucl"

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

-- A value as rspamd's modules see it, for they are what reads it.
local function json(v)
  local kind = type(v)
  if kind == "string" then
    return '"' .. v:gsub('[%c"\\\127]', function(c)
      return string.format("\\u%04x", c:byte())
    end) .. '"'
  elseif kind == "number" then
    if v ~= v then return "NaN" end
    if v == math.huge then return "Infinity" end
    return string.format("%.17g", v)
  elseif kind == "boolean" then
    return tostring(v)
  elseif kind ~= "table" then
    return "null"
  end
  local parts = {}
  if getmetatable(v).class == "ucl.type.object" then
    for key, value in pairs(v) do
      parts[#parts + 1] = json(key) .. ":" .. json(value)
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  for i, value in ipairs(v) do
    parts[i] = json(value)
  end
  return "[" .. table.concat(parts, ",") .. "]"
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
    out:write("ok ", json(parser:get_object()), "\n")
  else
    out:write("broken ", (tostring(err):gsub("\n", " ")), "\n")
  end
  out:flush()
end
out:close()
