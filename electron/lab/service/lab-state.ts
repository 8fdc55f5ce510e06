import type { LabState } from "../../contract/events.ts";
import { systemClock } from "../clock.ts";
import type { ApprovalService } from "./approvals/approval-service.ts";
import type { FaultService } from "./faults/fault-service.ts";
import type { HistoryService } from "./history/history-service.ts";
import type { Notices } from "./notices/notices.ts";
import type { SettingsService } from "./preferences/settings-service.ts";
import type { RunService } from "./runs/run-service.ts";
import type { ScenarioService } from "./scenarios/scenario-service.ts";
import type { SessionService } from "./sessions/session-service.ts";
import type { StackService } from "./stacks/stack-service.ts";

/** What of the service is told to every window. */
export interface Told {
  stack: Pick<StackService, "activity" | "status">;
  runs: Pick<RunService, "state">;
  approvals: Pick<ApprovalService, "waiting">;
  faults: Pick<FaultService, "isHalted" | "runId">;
  history: Pick<HistoryService, "version">;
  scenarios: Pick<ScenarioService, "version">;
  settings: Pick<SettingsService, "version">;
  sessions: Pick<SessionService, "version">;
  notices: Pick<Notices, "list">;
}

/** How everything stands at this moment. */
export async function labState(version: number, told: Told): Promise<LabState> {
  const { stack, runs, approvals, faults, history, scenarios, settings, sessions, notices } = told;
  const queue = runs.state();
  const { activity } = stack;
  if (activity !== "" && queue.active[0]?.state === "running") queue.active[0].activity = activity;
  return {
    version,
    wallMs: systemClock.wallMs(),
    stack: await stack.status(),
    queue,
    approvals: approvals.waiting(),
    halted: faults.isHalted,
    manualRunId: faults.runId,
    historyVersion: history.version,
    scenariosVersion: scenarios.version,
    settingsVersion: settings.version,
    sessionsVersion: sessions.version,
    notices: notices.list(),
  };
}
