import type { Route } from "./route.ts";

/** What a button does of what a hint says. */
export type RemedyAction = "bring-up" | "use-free-ports" | "arm" | "undo-all" | "cancel-all" | "reload";
export type Remedy = { label: string } & ({ route: Route } | { does: RemedyAction });

/** By what a hint of the lab says; the first that matches. */
export const REMEDIES: readonly (readonly [hint: RegExp, Remedy])[] = [
  [/use free ports/, { label: "Use free ports", does: "use-free-ports" }],
  [/bring it up first/, { label: "Bring up the stack", does: "bring-up" }],
  [/arm it again first/, { label: "Arm the lab", does: "arm" }],
  [/restore it first|undo the fault instead/, { label: "Undo all", does: "undo-all" }],
  [/cancel it first/, { label: "Cancel every run", does: "cancel-all" }],
  [/load the page again/, { label: "Load the page again", does: "reload" }],
  [/on Docker, on the Stacks page/, { label: "Choose Docker", route: { at: "stacks" } }],
  [/the Stacks page/, { label: "Open Stacks", route: { at: "stacks" } }],
  [/in the settings/, { label: "Open Settings", route: { at: "settings" } }],
  [/see the history|the History page/, { label: "Open History", route: { at: "history" } }],
];

/** How a hint, or a text that has one in it, is carried out; undefined where that is done outside the window. */
export function remedyOf(text: string): Remedy | undefined {
  return REMEDIES.find(([hint]) => hint.test(text))?.[1];
}
