/**
 * The packet rules of one link, in the network namespace that this container shares with the caller. They are in a chain of
 * their own in each table, so that they are set and removed whole and nobody else's rule is touched.
 */
import { spawn } from "node:child_process";
import { isIPv6 } from "node:net";
import { text } from "node:stream/consumers";
import type { Target } from "./settings.ts";

/** The user that the fault proxy runs as: its own connections to the callee are not redirected. */
export const proxyUser = 59_417;

/** A callee's address, and the port of this namespace's loopback to which connections to it are redirected. */
export interface Redirection extends Target {
  to: number;
}

type Family = "iptables" | "ip6tables";
const families: readonly Family[] = ["iptables", "ip6tables"];
const tables = ["nat", "filter"] as const;
type Table = (typeof tables)[number];

/**
 * Sends new connections to the callee through the proxy, and resets those that were open before, so that callers with
 * pooled connections connect again. The chain must not be there yet: {@link removeRules}.
 * @throws Error with iptables' own message
 */
export async function setRules(chain: string, redirections: readonly Redirection[]): Promise<void> {
  for (const family of families) {
    const own = redirections.filter(({ host }) => isIPv6(host) === (family === "ip6tables"));
    if (own.length > 0) await restore(family, tables.map((table) => rulesOf(table, chain, own)).join(""));
  }
}

/**
 * Sets rules in a chain that no packet comes to, and removes them.
 * @throws Error with iptables' own message where the kernel does not take such rules
 */
export async function tryRules(chain: string, targets: readonly Target[]): Promise<void> {
  for (const family of families) {
    const own = targets
      .filter(({ host }) => isIPv6(host) === (family === "ip6tables"))
      .map((each) => ({ ...each, to: 1 }));
    if (own.length === 0) continue;
    try {
      await restore(family, tables.map((table) => withoutJump(rulesOf(table, chain, own))).join(""));
    } finally {
      await removeRules(chain);
    }
  }
}

/** Removes what is there of a chain. Resolves to whether there was any. Safe to repeat. @throws Error if it is not gone then */
export async function removeRules(chain: string): Promise<boolean> {
  const each = families.flatMap((family) => tables.map((table) => removeFrom(family, table, chain)));
  return (await Promise.all(each)).includes(true);
}

/** Reads no chain of others, whose rules may be of kinds that these tools do not know. */
async function removeFrom(family: Family, table: Table, chain: string): Promise<boolean> {
  if (!(await hasChain(family, table, chain))) return false;
  // A chain that was only tried has no jump to it.
  await restore(family, removal(table, chain, [jump("-D", chain)])).catch(() => restore(family, removal(table, chain)));
  if (await hasChain(family, table, chain)) throw new Error(`the chain ${chain} is still in the ${table} table`);
  return true;
}

function rulesOf(table: Table, chain: string, redirections: readonly Redirection[]): string {
  const lines = redirections.map(({ host, port, to }) => {
    const target = table === "nat" ? `REDIRECT --to-ports ${to}` : "REJECT --reject-with tcp-reset";
    return `-A ${chain} -d ${host} -p tcp --dport ${port} -m owner ! --uid-owner ${proxyUser} -j ${target}`;
  });
  return [`*${table}`, `:${chain} - [0:0]`, ...lines, jump("-I", chain), "COMMIT", ""].join("\n");
}

function jump(command: "-I" | "-D", chain: string): string {
  return `${command} OUTPUT -p tcp -j ${chain}`;
}

function withoutJump(rules: string): string {
  return rules.replace(/^-I OUTPUT .*\n/m, "");
}

function removal(table: Table, chain: string, before: readonly string[] = []): string {
  return [`*${table}`, ...before, `-F ${chain}`, `-X ${chain}`, "COMMIT", ""].join("\n");
}

async function hasChain(family: Family, table: Table, chain: string): Promise<boolean> {
  const { code, problem } = await run(family, ["-t", table, "-S", chain]);
  if (code === 0) return true;
  if (code === 1) return false;
  throw new Error(`${family} ended with ${code}: ${problem}`);
}

async function restore(family: Family, rules: string): Promise<void> {
  const { code, problem } = await run(`${family}-restore`, ["--noflush"], rules);
  if (code !== 0) throw new Error(`${family}-restore ended with ${code}: ${problem}`);
}

async function run(tool: string, options: readonly string[], input = ""): Promise<{ code: unknown; problem: string }> {
  const child = spawn("lab-xtables", [tool, ...options], { stdio: ["pipe", "ignore", "pipe"] });
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  // A tool that ends before it has read everything says why on its standard error.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code, problem] = await Promise.all([ended, text(child.stderr)]);
  return { code, problem: problem.trim().split("\n").join("; ") };
}
