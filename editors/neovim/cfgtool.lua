-- cfgtool in Neovim 0.7 and later, for pipeline configs and label maps.
local client

local function start()
  local config = {
    name = "cfgtool",
    cmd = { "cfgtool", "lsp" },
    root_dir = vim.fn.getcwd(),
    settings = { cfgtool = { target = "auto" } },  -- or "tf1", "tf2"
  }
  if vim.lsp.start then
    vim.lsp.start(config)
  else  -- Neovim 0.7
    client = client or vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(0, client)
  end
end

vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
  pattern = { "pipeline*.config", "*label_map*.pbtxt" },
  callback = start,
})
