import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOUND = fileURLToPath(import.meta.resolve("@modelcontextprotocol/sdk/types.js"));
export const MODULES = FOUND.slice(0, FOUND.indexOf("node_modules") + "node_modules".length);
export const HUB = "/app/node_modules/mcp-hub/dist/cli.js";
export const EVERYTHING = "/app/node_modules/@modelcontextprotocol/server-everything/dist/index.js";

/** Answers HTTP on 8000. */
export const PAGE = `const server = require("http").createServer((q, r) => r.end("well"));
server.listen(8000);
process.on("SIGTERM", () => process.exit(0));`;

/** A call that passes through the gateway to the server: the first puts the name of the second before each tool. */
export const PUBLIC_CALL = "{ call: tools__echo, arguments: { message: hello }";

/**
 * Writes a compose project of public programs, as their authors would: nothing in it is for the lab. Its gateway, which
 * speaks HTTP+SSE, asks an MCP server that, as the database, publishes no port, one service has none at all, and one has
 * done its work and ended. The gateway never opens a new session with a server that has lost the one it had.
 */
export function writePublicProject(folder: string): void {
  writeFileSync(join(folder, "docker-compose.yml"), PUBLIC_COMPOSE);
}

/** What each of its services is for. */
export const PUBLIC_ROLES = {
  "mcp-gateway": "gateway",
  tools: "mcp-server",
  store: "database",
  page: "other",
  worker: "other",
};

// It connects to its servers once, at its start.
export const START_HUB = `until node -e 'fetch(process.env.TOOLS_URL)' 2>/dev/null; do sleep 0.2; done
printf '{"mcpServers":{"tools":{"url":"%s"}}}' "$$TOOLS_URL" > /tmp/hub.json
exec node ${HUB} --port 9000 --config /tmp/hub.json`;

export const PUBLIC_COMPOSE = `services:
  mcp-gateway:
    image: node:24-slim
    command: [sh, -c, ${JSON.stringify(START_HUB)}]
    environment: { TOOLS_URL: "http://tools:3001/mcp" }
    volumes: ["${MODULES}:/app/node_modules:ro"]
    ports: ["127.0.0.1::9000"]
    depends_on: [tools]
    stop_grace_period: 1s
  tools:
    image: node:24-slim
    command: [node, ${EVERYTHING}, streamableHttp]
    environment: { PORT: "3001" }
    expose: ["3001"]
    volumes: ["${MODULES}:/app/node_modules:ro"]
    stop_grace_period: 1s
    depends_on:
      migration: { condition: service_completed_successfully }
      store: { condition: service_started }
  store:
    image: postgres:18
    environment: { POSTGRES_PASSWORD: of-theirs }
    networks: [behind]
  page:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(PAGE)}]
    expose: ["8000"]
    stop_grace_period: 1s
  worker:
    image: node:24-slim
    command: [node, -e, "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0))"]
    stop_grace_period: 1s
  migration:
    image: node:24-slim
    command: [node, -e, "console.log('migrated')"]
networks:
  behind: { internal: true }
`;
