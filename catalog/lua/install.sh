export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends lua5.4 nano
cat > /root/queens.lua <<'LUA'
-- Places eight queens on a chess board so that none can take another.
local N = 8

local function safe(board, row, column)
  for r = 1, row - 1 do
    if board[r] == column or math.abs(board[r] - column) == row - r then return false end
  end
  return true
end

-- A coroutine hands out one solution at a time.
local function solve(board, row)
  if row > N then coroutine.yield(board) return end
  for column = 1, N do
    if safe(board, row, column) then
      board[row] = column
      solve(board, row + 1)
    end
  end
end

local count = 0
for board in coroutine.wrap(function() solve({}, 1) end) do
  count = count + 1
  if count == 1 then
    for row = 1, N do
      print(string.rep(". ", board[row] - 1) .. "Q " .. string.rep(". ", N - board[row]))
    end
  end
end
print(count .. " solutions")
LUA
apt-get clean
rm -rf /var/lib/apt/lists/*
