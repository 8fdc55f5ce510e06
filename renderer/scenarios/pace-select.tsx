import type { PaceKind } from "../../electron/contract/runs.ts";
import { usePreferences } from "../state/lab-context.tsx";
import { FilterSelect } from "../ui/filter-select.tsx";

const LABELS: Record<Exclude<PaceKind, "none">, string> = {
  slow: "Slow: 3 s before each step",
  person: "Paced: Space for each step",
};

/** How the runs that are started here wait before their steps. */
export function PaceSelect() {
  const pace = usePreferences((state) => state.pace);
  const set = usePreferences((state) => state.set);
  return (
    <FilterSelect
      label="Pace of the runs"
      any="Without waits"
      data={Object.entries(LABELS).map(([value, label]) => ({ value, label }))}
      value={pace === "none" ? null : pace}
      onChange={(next) => set({ pace: next === "slow" || next === "person" ? next : "none" })}
    />
  );
}
