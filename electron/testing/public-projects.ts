import type { DescribedProject } from "./more-public-projects.ts";
import { EVERYTHING, MODULES, PAGE, START_HUB } from "./public-project.ts";

/**
 * Compose projects of public programs that use what compose offers: nothing in them is for the lab. Each is as its
 * authors would write it, with the roles that they would give its services.
 */
export interface PublicProject extends DescribedProject {
  /** To a server that publishes nothing, and the address by which its caller calls it. */
  link: { name: string; url: string };
  /** A fault on a service that is up again soon, whatever the load. */
  breaks: { kind: "stop" | "kill" | "pause" | "disconnect"; service: string; replicas?: "one of 2" };
  /** The title of a shipped scenario that names roles alone, and passes on it. */
  passes?: string;
  /** Left to `npm run soak -- public-projects`: what it uses, another uses too. */
  isForSoak?: true;
}

const MCP_PROXY = "/app/node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs";
const SUPERGATEWAY = "/app/node_modules/supergateway/dist/index.js";
/** Asks what it is configured to call. */
const AGENT = `require("http").createServer(async (q, r) => {
  if (q.url !== "/ask") return r.end("well");
  r.end(String((await fetch(process.env.MCP_URL).catch(() => ({ status: 0 }))).status));
}).listen(7000); process.on("SIGTERM", () => process.exit(0));`;
const WAIT = `setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(0))`;

/** @param subnet the first three numbers of a network that is free, by which one of the containers is named, too */
export function publicProjects(subnet: string): PublicProject[] {
  const named = `everything-${subnet.replaceAll(".", "-")}`;
  return [
    {
      name: "two networks, one internal, static addresses, aliases, links, a MAC, a shared namespace and replicas",
      compose: `version: "2.4"
services:
  hub:
    image: node:24-slim
    command: [sh, -c, ${JSON.stringify(START_HUB)}]
    environment: { TOOLS_URL: "http://pay:3001/mcp" }
    volumes: ["${MODULES}:/app/node_modules:ro"]
    ports: ["127.0.0.1::9000"]
    links: ["tools:pay"]
    networks:
      front: { aliases: [entrance] }
      inner: { ipv4_address: ${subnet}.20 }
    stop_grace_period: 1s
  tools:
    image: node:24-slim
    command: [node, ${EVERYTHING}, streamableHttp]
    environment: { PORT: "3001" }
    volumes: ["${MODULES}:/app/node_modules:ro"]
    mac_address: "02:42:0a:5a:5b:5c"
    networks:
      inner: { ipv4_address: ${subnet}.10, aliases: [billing, payments] }
    stop_grace_period: 1s
  metrics:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(PAGE)}]
    network_mode: "service:tools"
    stop_grace_period: 1s
  worker:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(WAIT)}]
    networks: [front]
    stop_grace_period: 1s
networks:
  front: {}
  inner:
    internal: true
    ipam: { config: [{ subnet: ${subnet}.0/24 }] }
`,
      files: {},
      up: ["--scale", "worker=2"],
      roles: { hub: "gateway", tools: "mcp-server", metrics: "other", worker: "other" },
      link: { name: "hub->tools", url: "http://pay:3001/mcp" },
      breaks: { kind: "stop", service: "tools" },
      passes: "The gateway is cut off from a server and finds it again",
    },
    {
      name: "env_file, profiles, extends, secrets, configs, anchors and two files",
      compose: `x-node: &node
  image: node:24-slim
  stop_grace_period: 1s
services:
  mcp-bridge:
    extends: { file: common.yml, service: program }
    command: [node, ${SUPERGATEWAY}, --stdio, "node ${EVERYTHING} stdio", --outputTransport, streamableHttp, --port, "8000"]
    env_file: [bridge.env]
    expose: ["8000"]
    healthcheck: { test: [CMD, node, -e, "fetch('http://127.0.0.1:8000/mcp')"], interval: 2s, retries: 60 }
  agent:
    <<: *node
    command: [node, -e, ${JSON.stringify(AGENT)}]
    environment:
      MCP_URL: http://\${BRIDGE_HOST}:8000/mcp
    configs: [prompts]
    depends_on: { mcp-bridge: { condition: service_healthy } }
  store:
    image: postgres:18
    environment: { POSTGRES_PASSWORD: of-theirs }
    secrets: [store_password]
  migration:
    <<: *node
    command: [node, -e, ""]
  debugger:
    <<: *node
    command: [node, -e, ${JSON.stringify(WAIT)}]
    profiles: [debug]
secrets:
  store_password: { file: ./store-password.txt }
configs:
  prompts: { file: ./prompts.txt }
`,
      files: {
        "common.yml": `services:
  program:
    image: node:24-slim
    volumes: ["${MODULES}:/app/node_modules:ro"]
    stop_grace_period: 1s
`,
        "bridge.env": "LOG_LEVEL=info\n",
        ".env": "BRIDGE_HOST=mcp-bridge\n",
        "store-password.txt": "of-theirs",
        "prompts.txt": "Be brief.",
      },
      up: [],
      roles: { "mcp-bridge": "gateway", agent: "agent", store: "database" },
      link: { name: "agent->mcp-bridge", url: "http://mcp-bridge:8000/mcp" },
      breaks: { kind: "kill", service: "agent" },
      isForSoak: true,
    },
    {
      name: "mcp-proxy before a program, in an internal network, and an agent that publishes its port",
      compose: `services:
  tools-proxy:
    image: node:24-slim
    command: [node, ${MCP_PROXY}, --port, "8080", --, node, ${EVERYTHING}, stdio]
    expose: ["8080"]
    volumes: ["${MODULES}:/app/node_modules:ro"]
    networks: [inner]
    stop_grace_period: 1s
  assistant:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(AGENT)}]
    environment: { MCP_URL: "http://tools-proxy:8080/mcp" }
    ports: ["127.0.0.1::7000"]
    networks: [inner, default]
    depends_on: [tools-proxy]
    stop_grace_period: 1s
networks:
  inner: { internal: true }
`,
      files: {},
      up: [],
      roles: { "tools-proxy": "gateway", assistant: "agent" },
      link: { name: "assistant->tools-proxy", url: "http://tools-proxy:8080/ping" },
      breaks: { kind: "pause", service: "tools-proxy" },
      isForSoak: true,
    },
    {
      name: "two replicas of a server over Streamable HTTP, and a callee by its alias",
      compose: `version: "2.4"
services:
  agent:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(AGENT)}]
    environment: { MCP_URL: "http://everything:3001/mcp" }
    stop_grace_period: 1s
  server:
    image: node:24-slim
    command: [node, ${EVERYTHING}, streamableHttp]
    environment: { PORT: "3001" }
    expose: ["3001"]
    volumes: ["${MODULES}:/app/node_modules:ro"]
    networks: { default: { aliases: [everything] } }
    stop_grace_period: 1s
`,
      files: {},
      up: ["--scale", "server=2"],
      roles: { agent: "agent", server: "mcp-server" },
      link: { name: "agent->server", url: "http://everything:3001/mcp" },
      breaks: { kind: "stop", service: "server", replicas: "one of 2" },
      passes: "A server freezes and goes on where it stopped",
    },
    {
      name: "supergateway over HTTP+SSE with a named container, and an agent that calls it by that name",
      compose: `services:
  tools:
    image: node:24-slim
    container_name: ${named}
    command: [node, ${SUPERGATEWAY}, --stdio, "node ${EVERYTHING} stdio", --port, "8000", --healthEndpoint, /healthz]
    expose: ["8000"]
    volumes: ["${MODULES}:/app/node_modules:ro"]
    stop_grace_period: 1s
  agent:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(AGENT)}]
    environment: ["MCP_URL=http://${named}:8000/sse"]
    depends_on: [tools]
    stop_grace_period: 1s
`,
      files: {},
      up: [],
      roles: { agent: "agent", tools: "gateway" },
      link: { name: "agent->tools", url: `http://${named}:8000/healthz` },
      breaks: { kind: "disconnect", service: "tools" },
      isForSoak: true,
    },
  ];
}
