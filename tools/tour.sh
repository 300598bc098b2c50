#!/usr/bin/env bash
# The tour of the README with its real output: `make quickstart`. It works on the embedded cluster, whatever else is there.
set -euo pipefail
export MCP_LOCAL=1

run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}

run mcp registry search time
run mcp deploy time --replicas 3 --wait
run mcp get servers
run mcp status time
run mcp tools list time
run mcp tools call time get_current_time --arg timezone=Europe/Berlin
run mcp server logs time --tail 20
run mcp deploy filesystem --dry-run -o yaml
run mcp delete time --wait

cat <<'TEXT'

That was the main job. The embedded cluster goes on running:
  mcp local status     what it is doing
  mcp local stop       stop it; servers come back with `mcp local start`
  mcp local reset      remove it and everything in it
TEXT
