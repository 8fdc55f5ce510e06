import { EVERYTHING, HUB, MODULES } from "./public-project.ts";

/** A compose project of public programs whose services are only looked at. */
export interface DescribedProject {
  name: string;
  compose: string;
  files: Readonly<Record<string, string>>;
  up: readonly string[];
  /** As its authors would give them. */
  roles: Readonly<Record<string, string>>;
}

const INSPECTOR = "/app/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
const PLAYWRIGHT = "/app/node_modules/playwright/cli.js";
const SUPERGATEWAY = "/app/node_modules/supergateway/dist/index.js";
const MCP_PROXY = "/app/node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs";
const VITE = "/app/node_modules/vite/bin/vite.js";
const NODE = `  image: node:24-slim
  stop_grace_period: 1s
  volumes: ["${MODULES}:/app/node_modules:ro"]
`;

/**
 * Three more, in other manners than those that are broken: what is called is in files and not in environments, no image names
 * a port, and programs listen where their own defaults say.
 */
export const MORE_PUBLIC_PROJECTS: readonly DescribedProject[] = [
  {
    name: "a hub that reads its servers from a file, and the inspector",
    compose: `x-node: &node
${NODE}services:
  hub:
    <<: *node
    command: [node, ${HUB}, --port, "37373", --config, /etc/hub/servers.json]
    volumes: ["${MODULES}:/app/node_modules:ro", "./servers.json:/etc/hub/servers.json:ro"]
    depends_on: [everything, browser]
    restart: on-failure
  everything:
    <<: *node
    command: [node, ${EVERYTHING}, streamableHttp]
  browser:
    <<: *node
    command: [node, ${PLAYWRIGHT}, mcp, --headless, --host, 0.0.0.0, --port, "8931", --allowed-hosts, "*"]
  inspector:
    <<: *node
    command: [node, ${INSPECTOR}]
    environment: { HOST: 0.0.0.0, MCP_AUTO_OPEN_ENABLED: "false" }
  history:
    image: postgres:18
    environment: { POSTGRES_HOST_AUTH_METHOD: trust }
`,
    files: {
      "servers.json": JSON.stringify({
        mcpServers: { everything: { url: "http://everything:3001/mcp" }, browser: { url: "http://browser:8931/mcp" } },
      }),
    },
    up: [],
    roles: {
      hub: "gateway",
      everything: "mcp-server",
      browser: "mcp-server",
      inspector: "other",
      history: "database",
    },
  },
  {
    name: "a bridge to a server over HTTP+SSE, a page and a job",
    compose: `x-node: &node
${NODE}services:
  legacy-tools:
    <<: *node
    command: [node, ${EVERYTHING}, sse]
    environment: { PORT: "4000" }
    networks: [tools]
  mcp-gateway:
    <<: *node
    command: [node, ${MCP_PROXY}, --port, "8080", --, node, ${SUPERGATEWAY}, --sse, "http://legacy-tools:4000/sse"]
    networks: [tools, default]
    depends_on: [legacy-tools]
    restart: on-failure
  frontend:
    <<: *node
    command: [node, ${VITE}, --host, 0.0.0.0, --port, "5173", /srv]
    volumes: ["${MODULES}:/app/node_modules:ro", "./index.html:/srv/index.html:ro"]
    tmpfs: [/app/node_modules/.vite, /srv/node_modules]
  scheduler:
    <<: *node
    command: [node, -e, "setInterval(() => console.log('tick'), 60000)"]
networks:
  tools: { internal: true }
`,
    files: { "index.html": "<!doctype html><title>Tools</title><h1>Tools</h1>" },
    up: [],
    roles: { "legacy-tools": "mcp-server", "mcp-gateway": "gateway", frontend: "other", scheduler: "other" },
  },
  {
    name: "servers that share a network namespace, two databases and replicas",
    compose: `version: "2.4"
services:
  memory:
    image: node:24-slim
    command: [node, ${EVERYTHING}, streamableHttp]
    environment: { PORT: "3100" }
    volumes: ["${MODULES}:/app/node_modules:ro"]
    stop_grace_period: 1s
  debug-page:
    image: node:24-slim
    command: [node, ${INSPECTOR}]
    environment: { HOST: 0.0.0.0, CLIENT_PORT: "6300", SERVER_PORT: "6301", MCP_AUTO_OPEN_ENABLED: "false" }
    volumes: ["${MODULES}:/app/node_modules:ro"]
    network_mode: "service:memory"
    stop_grace_period: 1s
  orders:
    image: postgres:18
    environment: { POSTGRES_PASSWORD: of-theirs }
  vectors:
    image: postgres:18
    command: [postgres, -p, "5433"]
    environment: { POSTGRES_PASSWORD: of-theirs }
  crawler:
    image: node:24-slim
    command: [node, ${PLAYWRIGHT}, mcp, --headless, --host, 0.0.0.0, --port, "9100", --allowed-hosts, "*"]
    volumes: ["${MODULES}:/app/node_modules:ro"]
    stop_grace_period: 1s
`,
    files: {},
    up: ["--scale", "crawler=2"],
    roles: {
      memory: "mcp-server",
      "debug-page": "other",
      orders: "database",
      vectors: "database",
      crawler: "mcp-server",
    },
  },
];
