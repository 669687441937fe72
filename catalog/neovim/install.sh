export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends neovim
mkdir -p /root/.config/nvim
cat > /root/.config/nvim/init.lua <<'LUA'
vim.opt.number = true
vim.opt.termguicolors = true
vim.opt.mouse = 'a'
vim.opt.expandtab = true
vim.opt.shiftwidth = 2
vim.cmd('colorscheme desert')

-- Press Space, then H, for a greeting.
vim.g.mapleader = ' '
vim.keymap.set('n', '<leader>h', function() vim.notify('Hello from ' .. vim.fn.expand('%:t')) end)
LUA
cat > /root/notes.lua <<'LUA'
-- Press i to write, Esc to stop, u to undo.
local notes = { 'buy tea', 'water the plants', 'learn one new key a day' }

for number, note in ipairs(notes) do
  print(number .. '. ' .. note)
end
LUA
apt-get clean
rm -rf /var/lib/apt/lists/*
