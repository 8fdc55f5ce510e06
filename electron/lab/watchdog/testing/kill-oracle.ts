import { get } from "node:http";
import { connect } from "node:net";
import { type ServiceProcess, serviceProcessesOf } from "./process-table.ts";

/** Far above what a healthy link takes on a busy machine, far below what the link faults of the rounds do to it. */
const ANSWER_LIMIT_MS = 5_000;

/** What a stack that is whole looks like from outside: nothing of this is asked of the lab. */
export interface WholeStack {
  services: readonly string[];
  /** One request a link, sent where its caller sends it. */
  links: readonly { name: string; url: string }[];
}

/** How a stack looks now, taken to be whole. */
export function wholeStackOf(home: string): WholeStack {
  const processes = serviceProcessesOf(home);
  const variable = (service: string, name: string) =>
    processes.find((each) => each.service === service)?.environment[name] ?? "";
  const from = (text: string, path: string) => new URL(path, /https?:\S+/.exec(text)?.[0]).href;
  return {
    services: processes.map(({ service }) => service),
    links: [
      { name: "gateway->payments-mcp", url: from(variable("gateway", "BACKENDS"), "/healthz") },
      { name: "gateway->mock-slack", url: from(variable("gateway", "SLACK_URL"), "/healthz") },
      { name: "agent->gateway", url: from(variable("agent", "GATEWAY_URL"), "/health") },
      { name: "gateway->audit-db", url: variable("gateway", "DATABASE_URL") },
    ],
  };
}

/** What is wrong with a stack that should be whole, in words; empty when nothing is. */
export async function damageOf(home: string, whole: WholeStack): Promise<string[]> {
  const processes = serviceProcessesOf(home);
  const wrong = whole.services.flatMap((service) => damageOfService(service, processes));
  if (wrong.length > 0) return wrong;
  const links = await Promise.all(
    whole.links.map(async ({ name, url }) => {
      const trouble = url.startsWith("http") ? await askHttp(url) : await askTcp(url);
      return trouble === undefined ? [] : [`${name}: ${trouble}`];
    }),
  );
  return links.flat();
}

/** What is left of stacks that should be gone. */
export function remainsIn(home: string): string[] {
  return serviceProcessesOf(home).map(({ service, pid, command }) => `${service} is still there (${pid}, ${command})`);
}

function damageOfService(service: string, processes: readonly ServiceProcess[]): string[] {
  const own = processes.filter((each) => each.service === service);
  const [only] = own;
  if (only === undefined) return [`${service} does not run`];
  if (own.length > 1) return [`${service} runs ${own.length} times`];
  if (only.state === "T" || only.state === "Z") return [`${service} is ${only.state === "T" ? "paused" : "a zombie"}`];
  const program = service === "audit-db" ? /postgres -D|build\/audit-db\.mjs/ : new RegExp(`build/${service}\\.mjs`);
  return program.test(only.command) ? [] : [`${service} runs another program: ${only.command}`];
}

function askHttp(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_LIMIT_MS }, (response) => {
      response.resume().once("end", () => {
        resolve(response.statusCode === 200 ? undefined : `answered HTTP ${response.statusCode}`);
      });
      response.once("error", (error) => resolve(error.message));
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
    request.once("error", (error) => resolve(error.message));
  });
}

function askTcp(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error) => resolve(error.message));
  });
}
