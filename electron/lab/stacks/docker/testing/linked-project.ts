import { afterAll, beforeAll, onTestFinished } from "vitest";
import { ComposeProject } from "../../../../testing/compose-project.ts";
import { OVERLAY_FILE } from "../project-overlay.ts";
import { docker, projectName } from "./on-docker.ts";

/**
 * Calls `CALLEE` when it is asked to, over connections that it keeps, and tells what came of it. A connection that waits
 * sends nothing: a probe of TCP, sent after a second by default, would find out before the next call that it was reset.
 */
const CALLER = `const http = require("http");
const agent = new http.Agent({ keepAlive: true, keepAliveMsecs: 3_600_000 });
const call = (body, headers) => new Promise((resolve) => {
  const startedMs = performance.now();
  const done = (outcome) => resolve({ ms: Math.round(performance.now() - startedMs), ...outcome });
  const options = { agent, method: body ? "POST" : "GET", headers: { ...headers, ...(body && { "content-type": "application/json" }) } };
  const asked = http.request(process.env.CALLEE, options, (reply) => {
    let text = "";
    reply.on("data", (part) => { text += part; }).on("end", () => done({ status: reply.statusCode, text })).on("error", (error) => done({ error: error.code }));
  });
  asked.on("error", (error) => done({ error: error.code })).end(body);
});
http.createServer(async (request, reply) => {
  let body = "";
  for await (const part of request) body += part;
  if (request.url === "/call") reply.end(JSON.stringify(await call(body, { "mcp-session-id": "session-1" })));
  else reply.end("well");
}).listen(8000, "::");
process.on("SIGTERM", () => process.exit(0));`;

/** Answers with its own address and its peer's. */
const CALLEE = `const http = require("http");
const server = http.createServer((request, reply) => {
  request.resume();
  reply.end(JSON.stringify({ own: request.socket.localAddress, peer: request.socket.remoteAddress }));
}).listen(8000, "::");
// Connections stay open until a fault resets them.
server.keepAliveTimeout = 0;
process.on("SIGTERM", () => process.exit(0));`;

export const CALLER_COMMAND = `[node, -e, ${JSON.stringify(CALLER)}]`;
export const CALLEE_COMMAND = `[node, -e, ${JSON.stringify(CALLEE)}]`;

/** A caller and a callee, which publishes nothing, that know nothing of the lab: `caller` calls `tools` by its name. */
export const TWO_SERVICES = `services:
  caller:
    image: node:24-slim
    command: ${CALLER_COMMAND}
    environment: { CALLEE: "http://tools:8000/" }
    ports: ["127.0.0.1::8000"]
    stop_grace_period: 1s
  tools:
    image: node:24-slim
    command: ${CALLEE_COMMAND}
    stop_grace_period: 1s
`;

/** All that a person has to say: the link. */
const OVERLAY = `x-lab:
  links: [{ name: "caller->tools", port: 8000 }]
`;

export interface Called {
  ms: number;
  status?: number;
  text?: string;
  error?: string;
}

/** Brought up before the tests of a group, for those that restart nothing of it, and taken down after them. */
export function sharedProject(text: string, files?: Readonly<Record<string, string>>): () => LinkedProject {
  let project: LinkedProject | undefined;
  beforeAll(() => {
    project = new LinkedProject(text, [], () => {}, files);
  });
  afterAll(() => project?.down());
  return () => {
    if (project === undefined) throw new Error("it is brought up before the tests");
    return project;
  };
}

/** A compose project of a caller and its callee. Taken down after the test. */
export class LinkedProject extends ComposeProject {
  /** @param files beside the compose file; by default what a person says of {@link TWO_SERVICES} */
  constructor(
    text: string,
    up: readonly string[] = [],
    atEnd: (down: () => void) => void = onTestFinished,
    files: Readonly<Record<string, string>> = { [OVERLAY_FILE]: OVERLAY },
  ) {
    super(projectName(), text, up, files);
    atEnd(() => this.down());
  }

  /** Has the caller call its callee. */
  async call(body?: unknown): Promise<Called> {
    const port = docker("port", this.container("caller"), "8000/tcp").split("\n")[0]?.split(":").at(-1);
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    // A pooled connection may be one that the caller closes at this moment.
    const reply = await fetch(`http://127.0.0.1:${port}/call`, { ...sent, headers: { connection: "close" } });
    return (await reply.json()) as Called;
  }

  override rules(service = "caller"): string[] {
    return super.rules(service);
  }
}
