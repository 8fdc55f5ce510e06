import { z } from "zod";
import { parseJson } from "../../../model/json.ts";

/** What happened to a container, whichever of its shapes the engine told it in. */
export interface EngineEvent {
  container: string;
  action: EventAction;
  /** `healthy` or `unhealthy` of a health_status. */
  health: string | undefined;
  exitCode: number | undefined;
  project: string | undefined;
  service: string | undefined;
}

export const EVENT_ACTIONS = [
  "create",
  "start",
  "die",
  "pause",
  "unpause",
  "health_status",
  "oom",
  "destroy",
  "connect",
  "disconnect",
] as const;
type EventAction = (typeof EVENT_ACTIONS)[number];

/** The new shape has Type, Action and Actor; the old one, still sent beside it, status and id. Either may be missing. */
const shape = z.looseObject({
  Type: z.string().optional(),
  Action: z.string().optional(),
  Actor: z.looseObject({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }).optional(),
  status: z.string().optional(),
  id: z.string().optional(),
});

/** One line of the engine's stream; undefined for what is not about a container, or not understood. */
export function readEvent(line: string): EngineEvent | undefined {
  const parsed = shape.safeParse(parseJson(line));
  if (!parsed.success) return undefined;
  const { Type: type = "container", Action, Actor, status, id } = parsed.data;
  const attributes = Actor?.Attributes ?? {};
  // A network's event names the network; the container is among its attributes.
  const container = type === "network" ? attributes.container : (Actor?.ID ?? id);
  const [word = "", detail] = (Action ?? status ?? "").split(": ");
  const action = EVENT_ACTIONS.find((each) => each === word);
  if (container === undefined || action === undefined || (type !== "container" && type !== "network")) return undefined;
  const exitCode = Number(attributes.exitCode);
  return {
    container,
    action,
    health: detail,
    exitCode: attributes.exitCode === undefined || Number.isNaN(exitCode) ? undefined : exitCode,
    project: attributes["com.docker.compose.project"],
    service: attributes["com.docker.compose.service"],
  };
}
