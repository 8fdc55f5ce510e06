import { get } from "node:http";
import { connect } from "node:net";

/** Far above the latency of a healthy link on a busy machine, far below the delay of the link faults in the rounds. */
const ANSWER_LIMIT_MS = 5_000;
/** Source: PostgreSQL, Frontend/Backend Protocol, message formats: SSLRequest. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Judges from outside whether a stack is intact, or gone: it asks the system and the services, never the lab. */
export interface Oracle {
  /** Takes the current state of the stack as intact. */
  learn(): Promise<void>;
  /** What is wrong with the stack that should be intact, one text each; empty when nothing is. */
  damage(): Promise<string[]>;
  /** What remains of stacks that should be gone. */
  remains(): Promise<string[]>;
}

/** How the caller of a link addresses it. */
export interface LinkAddress {
  name: string;
  /** An HTTP link gets a request, any other a PostgreSQL handshake. */
  url: string;
  /** The caller's host name for it, where that differs from the address. */
  host?: string;
}

/** The links of the reference stack, from the environments of its callers. */
export function linksOf(variable: (service: string, name: string) => string): LinkAddress[] {
  const from = (text: string, path: string) => new URL(path, /https?:\S+/.exec(text)?.[0]).href;
  return [
    { name: "gateway->payments-mcp", url: from(variable("gateway", "BACKENDS"), "/healthz") },
    { name: "gateway->mock-slack", url: from(variable("gateway", "SLACK_URL"), "/healthz") },
    { name: "agent->gateway", url: from(variable("agent", "GATEWAY_URL"), "/health") },
    { name: "gateway->audit-db", url: variable("gateway", "DATABASE_URL") },
  ];
}

/** What is wrong with links, found by a request over each. */
export async function damageOfLinks(links: readonly LinkAddress[]): Promise<string[]> {
  const found = await Promise.all(
    links.map(async (link) => {
      const problem = await (link.url.startsWith("http") ? askHttp(link) : askPostgres(link));
      return problem === undefined ? [] : [`${link.name}: ${problem}`];
    }),
  );
  return found.flat();
}

function askHttp({ url, host }: LinkAddress): Promise<string | undefined> {
  const headers = host === undefined ? {} : { host };
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_LIMIT_MS, headers }, (response) => {
      response.resume().once("end", () => {
        resolve(response.statusCode === 200 ? undefined : `answered HTTP ${response.statusCode}`);
      });
      response.once("error", (error) => resolve(error.message));
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
    request.once("error", (error) => resolve(error.message));
  });
}

/** PostgreSQL itself, not a proxy before it, answers an SSLRequest with one letter, before any login. */
function askPostgres({ url }: LinkAddress): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(SSL_REQUEST));
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(/^[SN]$/.test(answer.toString("latin1")) ? undefined : "answered what Postgres never does");
    });
    socket.once("error", (error) => resolve(error.message));
    socket.once("close", () => resolve("closed without an answer"));
  });
}
