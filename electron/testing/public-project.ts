import { fileURLToPath } from "node:url";

const FOUND = fileURLToPath(import.meta.resolve("@modelcontextprotocol/sdk/types.js"));
const MODULES = FOUND.slice(0, FOUND.indexOf("node_modules") + "node_modules".length);
const BRIDGE = "/app/node_modules/supergateway/dist/index.js";
const EVERYTHING = "/app/node_modules/@modelcontextprotocol/server-everything/dist/index.js";

/** Answers HTTP on 8000. */
const PAGE = `const server = require("http").createServer((q, r) => r.end("well"));
server.listen(8000);
process.on("SIGTERM", () => process.exit(0));`;

/**
 * A compose file of public programs, as their authors would write it: nothing in it is for the lab. Its gateway asks an
 * MCP server that, as the database, publishes no port, one service has none at all, and one has done its work and ended.
 */
export const PUBLIC_PROJECT = `services:
  mcp-gateway:
    image: node:24-slim
    command: [node, ${BRIDGE}, --stdio, "node ${BRIDGE} --streamableHttp http://tools:3001/mcp", --outputTransport, streamableHttp, --stateful, --port, "9000"]
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
