import type { StackStatus } from "../../electron/contract/stack.ts";

/** Where the services of a stack run: in a word or two, and in a sentence. */
export function placeOf({ driver, gateway }: Pick<StackStatus, "driver" | "gateway">): { name: string; title: string } {
  if (gateway !== null) return { name: "by address", title: `It runs elsewhere, at ${gateway}` };
  if (driver === "process") return { name: "processes", title: "Services are child processes of the lab" };
  return { name: "Docker", title: "Services are containers" };
}
