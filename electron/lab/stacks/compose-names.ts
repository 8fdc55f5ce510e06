import { isAbsolute } from "node:path";
import type { ComposeService } from "./stack-schema.ts";

/** The networks that a service is on by its file, in compose's order; its own `default` when it names none. */
export function networksOf({ networks = ["default"] }: ComposeService): [string, NetworkWishes | null][] {
  const entries: [string, NetworkWishes | null][] = Array.isArray(networks)
    ? networks.map((name) => [name, null])
    : Object.entries(networks);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
type NetworkWishes = { aliases?: string[] | undefined; ipv4_address?: string | undefined };

/** The named volumes that a service uses, by the names of the file. */
export function namedVolumesOf({ volumes = [] }: ComposeService): string[] {
  return volumes.flatMap((volume) => {
    const [source = "", target] = volume.split(":");
    return target === undefined || isAbsolute(source) || source.startsWith(".") ? [] : [source];
  });
}
