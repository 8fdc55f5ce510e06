import { get } from "node:http";
import { connect } from "node:net";

/** Far above what a healthy link takes on a busy machine, far below what the link faults of the rounds do to it. */
const ANSWER_LIMIT_MS = 5_000;
/** Source: PostgreSQL, Frontend/Backend Protocol, message formats: SSLRequest. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Judges from outside whether a stack is whole, or gone: it asks the system and the services, never the lab. */
export interface Oracle {
  /** Takes the stack as it is now to be whole. */
  learn(): Promise<void>;
  /** What is wrong with the stack that should be whole, in words; empty when nothing is. */
  damage(): Promise<string[]>;
  /** What is left of stacks that should be gone. */
  remains(): Promise<string[]>;
}

/** Where one link of a stack begins. */
export interface LinkWay {
  name: string;
  /** HTTP links are asked for something, the others whether Postgres is there. */
  url: string;
  /** The name by which the caller knows it, where that is another than the address. */
  host?: string;
}

/** The links of the reference stack, from the environments of its callers. */
export function linksOf(variable: (service: string, name: string) => string): LinkWay[] {
  const from = (text: string, path: string) => new URL(path, /https?:\S+/.exec(text)?.[0]).href;
  return [
    { name: "gateway->payments-mcp", url: from(variable("gateway", "BACKENDS"), "/healthz") },
    { name: "gateway->mock-slack", url: from(variable("gateway", "SLACK_URL"), "/healthz") },
    { name: "agent->gateway", url: from(variable("agent", "GATEWAY_URL"), "/health") },
    { name: "gateway->audit-db", url: variable("gateway", "DATABASE_URL") },
  ];
}

/** What is wrong with links, by a request over each. */
export async function damageOfLinks(links: readonly LinkWay[]): Promise<string[]> {
  const found = await Promise.all(
    links.map(async (link) => {
      const trouble = await (link.url.startsWith("http") ? askHttp(link) : askPostgres(link));
      return trouble === undefined ? [] : [`${link.name}: ${trouble}`];
    }),
  );
  return found.flat();
}

function askHttp({ url, host }: LinkWay): Promise<string | undefined> {
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

/** What is asked before anyone logs in is answered with one letter, by Postgres itself and not by what stands before it. */
function askPostgres({ url }: LinkWay): Promise<string | undefined> {
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
