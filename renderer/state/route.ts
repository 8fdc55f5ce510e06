import type { HistoryFilter } from "../../electron/contract/history.ts";
import { OUTCOMES } from "../../electron/model/outcomes.ts";

/** Which runs the history lists. */
export type RunFilter = Pick<HistoryFilter, "scenarioId" | "outcome" | "driver" | "text" | "pinned" | "tag">;
/** Which scenarios the Lab page lists. */
export interface ScenarioFilter {
  text?: string;
  pattern?: string;
  /** Rows by pattern, in the place of cards. */
  list?: true;
}

/** The details of a run, each on a tab of its own. */
export const RUN_PANELS = [
  "evaluation",
  "map",
  "checks",
  "calls",
  "waterfall",
  "plots",
  "events",
  "logs",
  "notes",
] as const;
export type RunPanel = (typeof RUN_PANELS)[number];

/** The routes of the page: exactly what a link reopens. */
export type Route =
  | { at: "lab"; filter?: ScenarioFilter }
  | { at: "run"; runId: string; cursorMs?: number; selectedSeq?: number; panel?: RunPanel }
  | { at: "compare"; left: string; right: string }
  /** The result of runs that were started together. */
  | { at: "batch"; batchId: string }
  /** What is evaluated: traces and runs. */
  | { at: "evaluate"; runIds: readonly string[] }
  /** Sets of runs; the right one may be empty. */
  | { at: "compare-sets"; left: readonly string[]; right: readonly string[] }
  /** `isDescribing`: what the services of the open project are for. */
  | { at: "stacks"; isDescribing?: boolean }
  | { at: "service"; service: string }
  | { at: "history"; filter?: RunFilter }
  /** `runId`: the submitted run whose attempts are shown. */
  | { at: "queue"; runId?: string }
  | { at: "sessions" }
  | { at: "approvals" }
  /**
   * `brokenFile` is a user's file that is not a valid scenario; `manualRunId` a manual session that is to become one.
   */
  | { at: "scenarios"; scenarioId?: string; isCopy?: boolean; brokenFile?: string; manualRunId?: string }
  | { at: "settings" }
  | { at: "about" };

const PLACES = ["lab", "stacks", "history", "sessions", "approvals", "scenarios", "settings", "about"] as const;
const ID = /^[\w-]{1,200}$/;
/** Runs of one set. */
export const MOST_COMPARED = 100;
const IDS = /^[\w-]{1,200}(?:,[\w-]{1,200}){0,99}$/;
/** As compose allows it. */
const SERVICE = /^[\w.-]{1,200}$/;

/** An invalid address opens the lab: a stale link is not an error. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const [place, first = "", second = ""] = path.split("/");
  const values = new URLSearchParams(query);
  if (place === "run" && ID.test(first)) {
    const cursorMs = number(values.get("t"));
    const selectedSeq = number(values.get("event"));
    const panel = RUN_PANELS.find((each) => each === values.get("tab"));
    return {
      at: "run",
      runId: first,
      ...(cursorMs === undefined ? {} : { cursorMs }),
      ...(selectedSeq === undefined ? {} : { selectedSeq }),
      ...(panel === undefined ? {} : { panel }),
    };
  }
  if (place === "compare" && ID.test(first) && ID.test(second)) return { at: "compare", left: first, right: second };
  if (place === "batch" && ID.test(first)) return { at: "batch", batchId: first };
  if (place === "evaluate" && IDS.test(first)) return { at: "evaluate", runIds: first.split(",") };
  if (place === "sets" && IDS.test(first) && (second === "" || IDS.test(second))) {
    return { at: "compare-sets", left: first.split(","), right: second === "" ? [] : second.split(",") };
  }
  if (place === "scenarios" && ID.test(first)) {
    return { at: "scenarios", scenarioId: first, ...(values.has("copy") ? { isCopy: true } : {}) };
  }
  const manualRunId = values.get("from");
  if (place === "scenarios" && first === "" && manualRunId !== null && ID.test(manualRunId)) {
    return { at: "scenarios", manualRunId };
  }
  const brokenFile = values.get("file");
  if (place === "scenarios" && first === "" && brokenFile) return { at: "scenarios", brokenFile };
  if (place === "queue") return { at: "queue", ...(ID.test(first) ? { runId: first } : {}) };
  if (place === "service" && SERVICE.test(first)) return { at: "service", service: first };
  if (place === "stacks" && first === "services") return { at: "stacks", isDescribing: true };
  if (place === "history") return { at: "history", ...filterIn(historyFilter(values)) };
  if (place === "lab") {
    const list = values.has("list") ? ({ list: true } as const) : {};
    return { at: "lab", ...filterIn({ ...textsIn(values, ["text", "pattern"]), ...list }) };
  }
  const known = PLACES.find((each) => each === place);
  return { at: known ?? "lab" };
}

/** Limit of the contract. */
const FILTER_CHARACTERS = 200;

function textsIn<Name extends string>(values: URLSearchParams, names: readonly Name[]): { [Each in Name]?: string } {
  const entries = names.map((name) => [name, values.get(name)?.slice(0, FILTER_CHARACTERS) ?? ""] as const);
  return Object.fromEntries(entries.filter(([, text]) => text !== "")) as { [Each in Name]?: string };
}

function historyFilter(values: URLSearchParams): RunFilter {
  const outcome = OUTCOMES.find((each) => each === values.get("outcome"));
  return {
    ...textsIn(values, ["text", "scenarioId", "driver", "tag"]),
    ...(outcome === undefined ? {} : { outcome }),
    ...(values.has("pinned") ? { pinned: true } : {}),
  };
}

function filterIn<Filter extends object>(filter: Filter): { filter?: Filter } {
  return Object.keys(filter).length === 0 ? {} : { filter };
}

/** Values that are `true` are written as their name alone. */
function queryOf(filter: object | undefined): string {
  const parts = Object.entries(filter ?? {}).map(([name, value]) =>
    value === true ? name : `${name}=${encodeURIComponent(String(value))}`,
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

export function formatRoute(route: Route): string {
  switch (route.at) {
    case "run": {
      const values = new URLSearchParams();
      if (route.cursorMs !== undefined) values.set("t", String(Math.round(route.cursorMs * 1000) / 1000));
      if (route.selectedSeq !== undefined) values.set("event", String(route.selectedSeq));
      if (route.panel !== undefined) values.set("tab", route.panel);
      const query = values.size === 0 ? "" : `?${values}`;
      return `#/run/${route.runId}${query}`;
    }
    case "compare":
      return `#/compare/${route.left}/${route.right}`;
    case "batch":
      return `#/batch/${route.batchId}`;
    case "evaluate":
      return `#/evaluate/${route.runIds.join(",")}`;
    case "compare-sets":
      return `#/sets/${route.left.join(",")}${route.right.length === 0 ? "" : `/${route.right.join(",")}`}`;
    case "scenarios":
      if (route.manualRunId !== undefined) return `#/scenarios?from=${route.manualRunId}`;
      if (route.brokenFile !== undefined) return `#/scenarios?file=${encodeURIComponent(route.brokenFile)}`;
      return route.scenarioId === undefined
        ? "#/scenarios"
        : `#/scenarios/${route.scenarioId}${route.isCopy ? "?copy" : ""}`;
    case "service":
      return `#/service/${route.service}`;
    case "queue":
      return route.runId === undefined ? "#/queue" : `#/queue/${route.runId}`;
    case "stacks":
      return route.isDescribing ? "#/stacks/services" : "#/stacks";
    case "history":
    case "lab":
      return `#/${route.at}${queryOf(route.filter)}`;
    default:
      return `#/${route.at}`;
  }
}

function number(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
