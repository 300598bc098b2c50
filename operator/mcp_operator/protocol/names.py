"""The words of the protocol: methods, notifications, keys of `_meta`, HTTP header names.

Constants only, so that no other module spells one of them again. Called by everything that speaks MCP.
"""

from __future__ import annotations

# Requests
INITIALIZE = "initialize"
DISCOVER = "server/discover"
PING = "ping"
TOOLS_LIST = "tools/list"
TOOLS_CALL = "tools/call"
RESOURCES_LIST = "resources/list"
RESOURCES_READ = "resources/read"
RESOURCE_TEMPLATES_LIST = "resources/templates/list"
PROMPTS_LIST = "prompts/list"
PROMPTS_GET = "prompts/get"
SUBSCRIPTIONS_LISTEN = "subscriptions/listen"

# What a server asks of a client
ELICIT = "elicitation/create"
SAMPLE = "sampling/createMessage"
ROOTS_LIST = "roots/list"

# Notifications
INITIALIZED = "notifications/initialized"
CANCELLED = "notifications/cancelled"
PROGRESS = "notifications/progress"
MESSAGE = "notifications/message"
TOOLS_CHANGED = "notifications/tools/list_changed"

# Requests whose answer may be `input_required`
MAY_ASK_BACK = frozenset({TOOLS_CALL, PROMPTS_GET, RESOURCES_READ})
# Requests that name their object in Mcp-Name, and the parameter that holds the name
NAMED_BY: dict[str, str] = {TOOLS_CALL: "name", PROMPTS_GET: "name", RESOURCES_READ: "uri"}

# Keys of `_meta`
_PREFIX = "io.modelcontextprotocol/"
META_VERSION = _PREFIX + "protocolVersion"
META_CLIENT_CAPABILITIES = _PREFIX + "clientCapabilities"
META_CLIENT_INFO = _PREFIX + "clientInfo"
META_SERVER_INFO = _PREFIX + "serverInfo"
META_SUBSCRIPTION = _PREFIX + "subscriptionId"
META_LOG_LEVEL = _PREFIX + "logLevel"
PROGRESS_TOKEN = "progressToken"

# HTTP headers
HEADER_VERSION = "MCP-Protocol-Version"
HEADER_METHOD = "Mcp-Method"
HEADER_NAME = "Mcp-Name"
HEADER_PARAM_PREFIX = "Mcp-Param-"
HEADER_SESSION = "Mcp-Session-Id"
HEADER_LAST_EVENT = "Last-Event-ID"
# Our own: whoever opens a session with it only looks what the server is, and no next session is to be expected.
HEADER_PASSING = "Mcp-Bridge-Passing"

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream"
ACCEPT = f"{JSON_TYPE}, {SSE_TYPE}"

# Property schemas name the header that mirrors their value with this keyword
MIRROR_KEYWORD = "x-mcp-header"
