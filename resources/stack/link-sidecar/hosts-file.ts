/**
 * The way without rights over a network: a line in the caller's hosts file, which is mounted here, leads the names of the
 * callee to this container, in a network that both share. Written in place, since the caller has the same file mounted.
 */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

const hostsFile = "/run/caller-hosts";

/** @throws Error where this container has no address, or the file cannot be written */
export function setHosts(mark: string, names: readonly string[]): void {
  const address = ownAddress();
  const kept = linesWithout(mark);
  // Before all others: the first line with a name counts.
  write([`${address}\t${names.join(" ")}\t# ${mark}`, ...kept]);
}

/** Resolves to whether there was a line of this mark. Safe to repeat. */
export function removeHosts(mark: string): boolean {
  const before = readFileSync(hostsFile, "utf8").split("\n");
  const kept = linesWithout(mark);
  if (kept.length === before.length) return false;
  write(kept);
  return true;
}

/** @throws Error where the file cannot be written */
export function tryHosts(): void {
  accessSync(hostsFile, constants.R_OK | constants.W_OK);
}

function linesWithout(mark: string): string[] {
  return readFileSync(hostsFile, "utf8")
    .split("\n")
    .filter((line) => !line.endsWith(`# ${mark}`));
}

function write(lines: readonly string[]): void {
  writeFileSync(hostsFile, lines.join("\n"));
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = all.find(({ family, internal }) => family === "IPv4" && !internal);
  if (own === undefined) throw new Error("this container has no address in the caller's network");
  return own.address;
}
