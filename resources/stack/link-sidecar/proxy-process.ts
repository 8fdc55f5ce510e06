/** The fault proxy as a process of another user, without this one's right over the network, and its API on a socket. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isObject, parseJson } from "../http/json.ts";
import { proxyUser, type Redirection } from "./rules.ts";
import type { LinkSettings, Target } from "./settings.ts";

/** In a folder of the proxy's user, in this container alone. */
const socketPath = "/run/fault-proxy/api";
/** More than one line of its output. */
const lineChars = 1_000;
const program = join(import.meta.dirname, "fault-proxy.mjs");

export interface Answer {
  status: number;
  body: string;
}

export class ProxyProcess {
  readonly #child: ChildProcess;
  readonly #link: LinkSettings;
  /** Resolves with what is known of its end. */
  readonly ended: Promise<string>;

  private constructor(child: ChildProcess, link: LinkSettings) {
    this.#child = child;
    this.#link = link;
    let lastLine = "";
    child.stderr?.setEncoding("utf8").on("data", (said: string) => {
      lastLine = said.trim().split("\n").at(-1) ?? lastLine;
    });
    this.ended = once(child, "close").then(
      ([code, signal]) => `the fault proxy ended with ${code ?? signal}${lastLine && `: ${lastLine}`}`,
      (error: Error) => `the fault proxy could not be started: ${error.message}`,
    );
  }

  /** Resolves once the link is open. @throws Error when the proxy ends before */
  static async start(link: LinkSettings): Promise<ProxyProcess> {
    const [first, ...others] = link.targets.map((target) => routeTo(target, link.hosts !== undefined));
    const links = [{ name: link.name, ...first, also: others }];
    const child = spawn(process.execPath, [program], {
      env: {
        SOCKET: socketPath,
        LINKS: JSON.stringify(links),
        ...(link.hosts === undefined ? {} : { LISTEN_BEYOND_LOOPBACK: "yes" }),
      },
      uid: proxyUser,
      gid: proxyUser,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const proxy = new ProxyProcess(child, link);
    await Promise.race([
      isListening(child),
      proxy.ended.then((how) => {
        throw new Error(how);
      }),
    ]);
    return proxy;
  }

  /** Where the link listens for each address of the callee. */
  async redirections(): Promise<Redirection[]> {
    const { status, body } = await this.ask("GET", `/proxies/${encodeURIComponent(this.#link.name)}`);
    const shown = parseJson(body);
    if (status !== 200 || !isObject(shown))
      throw new Error(`the fault proxy does not have the link: ${status} ${body}`);
    const routes = [shown, ...(Array.isArray(shown.also) ? shown.also : [])];
    return this.#link.targets.map((target, index) => ({ ...target, to: portOf(Object(routes[index]).listen) }));
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = { host: "localhost", ...(sent !== undefined && { "content-type": "application/json" }) };
    const asked = request({ socketPath, method, path, headers });
    asked.end(sent);
    const [reply] = await once(asked, "response");
    return { status: reply.statusCode ?? 0, body: await text(reply) };
  }

  /**
   * Hands over each record of a stream of the proxy, as it comes, until the proxy ends.
   * @param opened called once records are recorded for it
   */
  async follow(
    path: string,
    take: (record: Record<string, unknown>) => void,
    opened: () => void = () => {},
  ): Promise<void> {
    const asked = request({ socketPath, path, headers: { host: "localhost" } });
    asked.end();
    const [reply] = await once(asked, "response");
    opened();
    reply.setEncoding("utf8");
    let rest = "";
    for await (const chunk of reply) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const record = parseJson(line);
        if (isObject(record) && "seq" in record) take(record);
      }
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** @param isCalled connections come to this container itself, at the callee's own port */
function routeTo({ host, port }: Target, isCalled: boolean): { listen: string; upstream: string } {
  if (isCalled) return { listen: `0.0.0.0:${port}`, upstream: isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}` };
  return isIPv6(host)
    ? { listen: "[::1]:0", upstream: `[${host}]:${port}` }
    : { listen: "127.0.0.1:0", upstream: `${host}:${port}` };
}

function portOf(listen: unknown): number {
  return Number(String(listen).split(":").at(-1));
}

/** Its output is read to its end, since nobody else does. */
function isListening({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let said = "";
    stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      said = `${said}${chunk}`.slice(-lineChars);
      if (said.includes("listening on")) resolve();
    });
  });
}
