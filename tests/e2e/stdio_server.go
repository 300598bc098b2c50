// A stdio MCP server of the legacy era in one static binary, to stand for images that hold nothing else.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
}

const (
	initialized = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"static","version":"1"}}`
	tools       = `{"tools":[{"name":"greet","inputSchema":{"type":"object"}}]}`
	greeting    = `{"content":[{"type":"text","text":"hello from a static binary"}]}`
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r request
		if json.Unmarshal(lines.Bytes(), &r) != nil || len(r.ID) == 0 {
			continue
		}
		results := map[string]string{"initialize": initialized, "tools/list": tools, "tools/call": greeting, "ping": "{}"}
		if result, known := results[r.Method]; known {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", r.ID, result)
		} else {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown method"}}`+"\n", r.ID)
		}
	}
}
