/** What a sidecar is to do, from its environment: the lab writes it, one variable of JSON. */
import { isObject, parseJson } from "../http/json.ts";

/** A callee's address in the caller's network. */
export interface Target {
  host: string;
  port: number;
}

export interface LinkSettings {
  /** `caller->callee` */
  name: string;
  /** Every address at which the caller can reach the callee. */
  targets: readonly Target[];
  /** The chain that holds this link's rules; in each table, the lab's alone. */
  chain: string;
  /** The callee's names, where they are led here by the caller's hosts file and not by rules. */
  hosts?: readonly string[];
  /** Until a fault prolongs it, the sidecar ends by itself after this time. */
  lifetimeMs: number;
}

/** A chain's name, as iptables takes it. */
const chainName = /^[A-Z][A-Z0-9_]{0,26}$/;

/** @throws Error naming what is wrong */
export function readLinkSettings(text: string | undefined): LinkSettings {
  const value = parseJson(text ?? "");
  if (!isObject(value)) throw new Error("LINK is not a JSON object");
  const { name, targets, chain, lifetimeMs, hosts } = value;
  if (typeof name !== "string" || name === "") throw new Error("LINK has no name");
  if (typeof lifetimeMs !== "number" || !(lifetimeMs > 0)) throw new Error("LINK.lifetimeMs is not a time");
  if (!Array.isArray(targets) || targets.length === 0) throw new Error("LINK.targets is empty");
  const read = { name, chain: readChain(chain), lifetimeMs, targets: targets.map(readTarget) };
  return hosts === undefined ? read : { ...read, hosts: readNames(hosts) };
}

/** @throws Error */
export function readChain(chain: unknown): string {
  if (typeof chain === "string" && chainName.test(chain)) return chain;
  throw new Error(`${JSON.stringify(chain)} is not the name of a chain`);
}

function readNames(value: unknown): string[] {
  const isName = (each: unknown): each is string => typeof each === "string" && /^[\w.-]+$/.test(each);
  if (Array.isArray(value) && value.length > 0 && value.every(isName)) return value;
  throw new Error("LINK.hosts is no list of host names");
}

function readTarget(value: unknown): Target {
  const { host, port } = isObject(value) ? value : {};
  // Only characters of addresses, since it becomes part of a rule.
  if (typeof host === "string" && /^[0-9a-fA-F.:]+$/.test(host) && typeof port === "number" && Number.isInteger(port)) {
    return { host, port };
  }
  throw new Error(`${JSON.stringify(value)} is not an address and a port`);
}
