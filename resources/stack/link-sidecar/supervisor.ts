/**
 * One link of a project, broken from within its caller's network namespace. Rules exist only while the proxy carries the
 * link and somebody controls this process: whatever ends first, the rules are removed first and the proxy ends second.
 *
 * Standard input, a JSON object a line: `{"id":1,"ask":{"method":"GET","path":"/proxies"}}` for the proxy's API,
 * `{"id":1,"follow":"/wire/stream"}` to have the calls on the link read, `{"prolong":5000}` to live at least that many milliseconds from now, `{"stop":true}`.
 * Standard output: `{"ready":true}`, `{"id":1,"status":200,"body":"..."}`, `{"hit":{...}}`, `{"call":{...}}`, and last
 * `{"ended":"why","removed":true}`.
 */
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { isObject, parseJson } from "../http/json.ts";
import { removeHosts, setHosts } from "./hosts-file.ts";
import { ProxyProcess } from "./proxy-process.ts";
import { type Redirection, removeRules, setRules } from "./rules.ts";
import type { LinkSettings } from "./settings.ts";

/** The kernel may be busy with the same table. */
const removalAttempts = 5;
/** Longest delay of one timer. */
const longestTimerMs = 2 ** 31 - 1;
/** Records are left out while a reader that does not read leaves more than this unwritten. */
const unreadLimitBytes = 1024 * 1024;
const lastWordsMs = 1_000;

/** Not process.stdout, which blocks this process, and with it the removal of rules, while nobody reads. */
const output = createWriteStream("", { fd: 1, autoClose: false });
output.on("error", () => {});

export async function supervise(link: LinkSettings): Promise<never> {
  let setting = removeOld(link);
  setting.catch(() => {});
  const proxy = await ProxyProcess.start(link);
  let ending: Promise<never> | undefined;
  const end = (why: string): Promise<never> =>
    (ending ??= setting.catch(() => {}).then(() => endWith(why, link, proxy)));
  // Rules must not outlive this process: from here on each end removes them.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => void end("it was told to stop"));
  process.on("uncaughtException", (error) => void end(error.message));
  void proxy.ended.then(end);
  let untilMs = performance.now() + link.lifetimeMs;
  const expire = (): void => {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) void end("its time was over");
    else setTimeout(expire, Math.min(leftMs, longestTimerMs));
  };
  expire();
  const record = (as: "hit" | "call") => (each: unknown) =>
    void (output.writableLength < unreadLimitBytes && say({ [as]: each }));
  const follow = (path: string, id: unknown): Promise<void> =>
    proxy.follow(path, record("call"), () => say({ id, status: 200, body: "" })).catch(() => {});
  const answer = async (line: string): Promise<void> => {
    const command = parseJson(line);
    if (!isObject(command)) return;
    if (command.stop === true) return end("it was told to stop");
    if (typeof command.prolong === "number") untilMs = Math.max(untilMs, performance.now() + command.prolong);
    if (typeof command.follow === "string") return follow(command.follow, command.id);
    if (!isObject(command.ask)) return;
    const { method, path, body } = command.ask;
    const reply = await proxy
      .ask(String(method), String(path), body)
      .catch((error: Error) => ({ status: 502, body: error.message }));
    say({ id: command.id, ...reply });
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void answer(line));
  lines.on("close", () => void end("its control stream ended"));
  void proxy.follow("/hits/stream?since=0", record("hit")).catch(() => {});
  try {
    const [redirections] = await Promise.all([proxy.redirections(), setting]);
    if (ending !== undefined) return ending;
    setting = redirect(link, redirections);
    await setting;
    say({ ready: true });
  } catch (error) {
    return end(messageOf(error));
  }
  return new Promise<never>(() => {});
}

/** One that was killed in this namespace may have left some rules. */
async function removeOld({ chain, hosts }: LinkSettings): Promise<void> {
  if (hosts === undefined) await removeRules(chain);
}

/** Sends the caller's connections to the proxy. */
async function redirect({ chain, hosts }: LinkSettings, redirections: readonly Redirection[]): Promise<void> {
  if (hosts === undefined) await setRules(chain, redirections);
  else setHosts(chain, hosts);
}

async function endWith(why: string, link: LinkSettings, proxy: ProxyProcess): Promise<never> {
  const problem = await removeForSure(link);
  proxy.kill();
  say({ ended: why, removed: problem === undefined, ...(problem !== undefined && { problem }) });
  const exit = (): never => process.exit(problem === undefined ? 0 : 1);
  output.end(exit);
  setTimeout(exit, lastWordsMs);
  return new Promise<never>(() => {});
}

async function removeForSure({ chain, hosts }: LinkSettings): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (hosts === undefined) await removeRules(chain);
      else removeHosts(chain);
      return undefined;
    } catch (error) {
      if (attempt === removalAttempts) return messageOf(error);
    }
  }
}

function say(message: unknown): void {
  output.write(`${JSON.stringify(message)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
