/** All shortcuts of the page: used to handle keys, and shown by the help and the palette. */
export const SHORTCUTS = [
  { id: "palette", keys: "mod+k", label: "Find a command, a scenario or a run", where: "anywhere" },
  { id: "help", keys: "?", label: "Show the shortcuts", where: "anywhere" },
  { id: "go-lab", keys: "g l", label: "Go to the lab", where: "anywhere" },
  { id: "go-stacks", keys: "g t", label: "Go to the stacks", where: "anywhere" },
  { id: "go-history", keys: "g h", label: "Go to the history", where: "anywhere" },
  { id: "go-queue", keys: "g q", label: "Go to the queue", where: "anywhere" },
  { id: "go-approvals", keys: "g a", label: "Go to approvals", where: "anywhere" },
  { id: "go-scenarios", keys: "g s", label: "Go to the scenarios", where: "anywhere" },
  { id: "presenter", keys: "p", label: "Presenter mode; Escape leaves it", where: "anywhere" },
  { id: "undo-all", keys: "mod+shift+z", label: "Undo every fault", where: "anywhere" },
  { id: "halt", keys: "mod+.", label: "Halt: cancel all runs and undo everything", where: "anywhere" },
  { id: "search", keys: "/", label: "Search on this page", where: "anywhere" },
  { id: "next-error", keys: "n", label: "Next failure or refusal", where: "run" },
  { id: "previous-error", keys: "shift+n", label: "Previous failure or refusal", where: "run" },
  { id: "follow", keys: "f", label: "Follow the run", where: "run" },
  { id: "replay", keys: "r", label: "Replay a finished run, or pause it", where: "run" },
  { id: "inspector", keys: "i", label: "Show or hide the inspector", where: "run" },
  { id: "collapse-idle", keys: "c", label: "Collapse or show idle time", where: "run" },
  { id: "deselect", keys: "escape", label: "Clear the selection", where: "run" },
] as const;

/** Those that ask the lab for something, or lead to its pages. */
export const LAB_SHORTCUTS: ReadonlySet<string> = new Set<ShortcutId>([
  "palette",
  "go-lab",
  "go-stacks",
  "go-history",
  "go-queue",
  "go-approvals",
  "go-scenarios",
  "undo-all",
  "halt",
]);

/** Keys of the time axis, active while it has the focus. */
export const TIMELINE_KEYS = [
  { keys: "← →", label: "Previous or next event" },
  { keys: "shift+← →", label: "Pan" },
  { keys: "+ −", label: "Zoom in or out" },
  { keys: "0", label: "Show the whole run" },
  { keys: "home end", label: "First moment, last moment" },
  { keys: "drag", label: "Zoom to a period; with Shift, pan" },
  { keys: "wheel", label: "Zoom at the pointer" },
  { keys: "double click", label: "Show the whole run" },
] as const;

export type ShortcutId = (typeof SHORTCUTS)[number]["id"];
export type ShortcutHandlers = Partial<Record<ShortcutId, () => void>>;

export interface KeyPress {
  key: string;
  mod: boolean;
  shift: boolean;
  alt: boolean;
}

/** The shortcut completed by a key, given the key pressed before it. */
export function shortcutFor(press: KeyPress, before: string | undefined): ShortcutId | undefined {
  return SHORTCUTS.find(({ keys }) => {
    const [first, second] = keys.split(" ");
    if (second !== undefined) return before === first && !press.mod && press.key.toLowerCase() === second;
    return matches(press, keys);
  })?.id;
}

function matches(press: KeyPress, keys: string): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  const wantsShift = parts.includes("shift");
  // A symbol such as ? needs Shift on some keyboards and not on others: Shift only matters for letters.
  const isLetter = /^[a-z]$/.test(key);
  if (press.alt || press.mod !== parts.includes("mod")) return false;
  if (isLetter && press.shift !== wantsShift) return false;
  return press.key.toLowerCase() === key;
}

/** `mod+k` as labelled on the platform's keyboard. */
export function keyCaps(keys: string, isApple: boolean): string[] {
  const parts = keys.split(" ").flatMap((press) => (press === "+" ? [press] : press.split("+")));
  return parts.map((part) => {
    if (part === "mod") return isApple ? "⌘" : "Ctrl";
    if (part === "shift") return isApple ? "⇧" : "Shift";
    if (part === "escape") return "Esc";
    return part.length === 1 ? part.toUpperCase() : part[0]?.toUpperCase() + part.slice(1);
  });
}
