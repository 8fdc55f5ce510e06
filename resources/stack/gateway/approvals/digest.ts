/** The digest that an approval is bound to: SHA-256 over tool and arguments in canonical JSON (sorted keys, no blanks). */
import { createHash } from "node:crypto";

export function digestOf(tool: string, toolArguments: unknown): string {
  return createHash("sha256")
    .update(canonicalJson([tool, toolArguments]))
    .digest("hex");
}

export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
