"""Every name of the API contract: group, kinds, labels, annotations, managers, ports, paths.

Role: the one place a name is spelled. Pure; imports nothing. Called by everything.
"""

from __future__ import annotations

GROUP = "mcp.allbeone.io"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"

KIND_SERVER = "MCPServer"
KIND_REGISTRY = "MCPRegistry"
KIND_BACKUP = "MCPServerBackup"
PLURAL_SERVERS = "mcpservers"
PLURAL_REGISTRIES = "mcpregistries"
PLURAL_BACKUPS = "mcpserverbackups"

FIELD_MANAGER_OPERATOR = "mcp-operator"
FIELD_MANAGER_CLI = "mcp-cli"
FINALIZER = f"{GROUP}/finalizer"

LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_CREATED_BY = "app.kubernetes.io/created-by"

NAME_SERVER = "mcp-server"
COMPONENT_SERVER = "mcp-server"
MANAGED_BY = "mcp-operator"
CREATED_BY = "mcp-cli"

ANNOTATION_DEPLOYED_BY = f"{GROUP}/deployed-by"
ANNOTATION_DEPLOYED_AT = f"{GROUP}/deployed-at"
ANNOTATION_CONFIG_CHECKSUM = f"{GROUP}/config-checksum"
# On each child: a digest of what was rendered, so that a field that is no longer rendered is noticed.
ANNOTATION_RENDERED = f"{GROUP}/rendered"
ANNOTATION_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

# On an MCPRegistry: each new value is one reading of its source at once.
ANNOTATION_SYNC_TRIGGER = f"{GROUP}/sync-trigger"
# On the ConfigMaps that hold a registry's entries: the registry, and what the ConfigMap is (index or entries).
LABEL_REGISTRY = f"{GROUP}/registry"
LABEL_TYPE = f"{GROUP}/type"
LABEL_PART_OF = "app.kubernetes.io/part-of"
PART_OF_REGISTRY = "mcp-registry"

CONTAINER_SERVER = "mcp-server"
CONTAINER_INSTALL = "install"
PORT_NAME = "mcp"
DEFAULT_PORT = 8080
DEFAULT_PATH = "/mcp"
DEFAULT_TAG = "latest"
DEFAULT_REGISTRY = "default"

# The image that holds uv, Node and the bridge; the embedded cluster runs it as processes of the host.
RUNNER_IMAGE_REPOSITORY = f"{GROUP}/runner"
# Stands for the host itself on the embedded cluster: a container of this image is a process of its command.
HOST_IMAGE_REPOSITORY = f"{GROUP}/host"
APP_DIRECTORY = "/mcp/app"
BRIDGE_DIRECTORY = "/mcp/bridge"
CONFIG_DIRECTORY = "/mcp/config"
# Where the kubelet looks for it by default.
TERMINATION_LOG = "/dev/termination-log"
