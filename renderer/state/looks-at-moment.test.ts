import { expect, test } from "vitest";
import { OPEN } from "../../electron/model/span.ts";
import { RECORDED } from "../timeline/fixtures/recorded-runs.ts";
import { labelText } from "../timeline/lane.ts";
import { RunRecord } from "./run-record.ts";

function recorded(run: keyof typeof RECORDED): RunRecord {
  const events = RECORDED[run];
  const record = new RunRecord(events[0]?.runId ?? "");
  record.take(events, { lastSeq: events.length, savedSeq: events.length, unsaved: null });
  return record;
}

const OUTCOMES = /approved|denied|expired|upstream_error|allow\b/;

test("an approval that waits at the moment shown has no outcome yet, and has it from the moment that it ended", () => {
  const record = recorded("approvalTimeout");
  const [approval] = record.view.approvals;
  if (approval === undefined || approval.endMs === OPEN) throw new Error("the recorded run has no decided approval");
  const lookAt = (ms: number) => record.looksAt(ms)?.get("approvals")?.get(approval.index);
  const labelAt = (ms: number) => labelText(lookAt(ms)?.label ?? record.timeline.lanes.approvals.label(approval.index));
  expect(labelAt(approval.endMs)).toBe("create_refund expired");
  for (const share of [0.01, 0.5, 0.99]) {
    const ms = approval.startMs + share * (approval.endMs - approval.startMs);
    expect(labelAt(ms)).toBe("create_refund waits");
    expect(lookAt(ms)?.tone).toBe("approvalRequired");
  }
});

test.each(Object.keys(RECORDED) as (keyof typeof RECORDED)[])(
  "in no lane does a span in progress at the moment shown have what was recorded later: %s",
  (run) => {
    const record = recorded(run);
    let checked = 0;
    for (const { startMs, endMs } of record.view.calls) {
      const ms = (startMs + endMs) / 2;
      const known = record.viewAt(ms);
      for (const [lane, looks] of record.looksAt(ms) ?? []) {
        for (const [index, look] of looks) {
          if (lane !== "calls") continue;
          const text = labelText(look.label);
          const decisions = known.calls[index]?.attributes.decisions.length ?? 0;
          expect(text.split(" → ").length - 1, `${text} at ${ms}`).toBe(decisions);
          if (decisions === 0) expect(text).not.toMatch(OUTCOMES);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(0);
    expect(record.looksAt(undefined)).toBeUndefined();
  },
);
