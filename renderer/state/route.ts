/** The routes of the page: exactly what a link reopens. */
export type Route =
  | { at: "lab" }
  | { at: "run"; runId: string; cursorMs?: number; selectedSeq?: number }
  | { at: "compare"; left: string; right: string }
  | { at: "history" }
  | { at: "approvals" }
  /** `brokenFile` is a user's file that is not a valid scenario. */
  | { at: "scenarios"; scenarioId?: string; isCopy?: boolean; brokenFile?: string }
  | { at: "settings" }
  | { at: "about" };

const PLACES = ["lab", "history", "approvals", "scenarios", "settings", "about"] as const;
const ID = /^[\w-]{1,200}$/;

/** An invalid address opens the lab: a stale link is not an error. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const [place, first = "", second = ""] = path.split("/");
  const values = new URLSearchParams(query);
  if (place === "run" && ID.test(first)) {
    const cursorMs = number(values.get("t"));
    const selectedSeq = number(values.get("event"));
    return {
      at: "run",
      runId: first,
      ...(cursorMs === undefined ? {} : { cursorMs }),
      ...(selectedSeq === undefined ? {} : { selectedSeq }),
    };
  }
  if (place === "compare" && ID.test(first) && ID.test(second)) return { at: "compare", left: first, right: second };
  if (place === "scenarios" && ID.test(first)) {
    return { at: "scenarios", scenarioId: first, ...(values.has("copy") ? { isCopy: true } : {}) };
  }
  const brokenFile = values.get("file");
  if (place === "scenarios" && first === "" && brokenFile) return { at: "scenarios", brokenFile };
  const known = PLACES.find((each) => each === place);
  return { at: known ?? "lab" };
}

export function formatRoute(route: Route): string {
  switch (route.at) {
    case "run": {
      const values = new URLSearchParams();
      if (route.cursorMs !== undefined) values.set("t", String(Math.round(route.cursorMs * 1000) / 1000));
      if (route.selectedSeq !== undefined) values.set("event", String(route.selectedSeq));
      const query = values.size === 0 ? "" : `?${values}`;
      return `#/run/${route.runId}${query}`;
    }
    case "compare":
      return `#/compare/${route.left}/${route.right}`;
    case "scenarios":
      if (route.brokenFile !== undefined) return `#/scenarios?file=${encodeURIComponent(route.brokenFile)}`;
      return route.scenarioId === undefined
        ? "#/scenarios"
        : `#/scenarios/${route.scenarioId}${route.isCopy ? "?copy" : ""}`;
    default:
      return `#/${route.at}`;
  }
}

function number(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
