import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { LabEventBody } from "../../model/lab-event.ts";
import { startEngineOnSmallStack } from "../../testing/engine-on-small-stack.ts";
import { eventsOf, passed, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { exportBundle, importBundle } from "../bundles/index.ts";
import { EngineService } from "./engine-service.ts";

let service: EngineService | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

const DECIDED = 10;
const LOG = 5;
const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;

/**
 * Runs that ended long ago, made by SQL alone: each with as many decisions on approvals, each asked for and approved, and
 * as many log lines.
 */
function addRuns(home: string, runs: number, { approvals, lines }: { approvals: number; lines: number }): void {
  const database = new Database(join(home, "history.db"));
  database.pragma("foreign_keys = OFF");
  database.function("run_id", (index) => idOf(Number(index)));
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @runs)";
  database
    .prepare(
      `${numbers} INSERT INTO runs (key, id, scenario_id, scenario_title, scenario_source, driver, without, status, outcome,
       reason, started_wall_ms, duration_ms, owner_pid, owner_started)
       SELECT i, run_id(i), 'old', 'An old one', 'id: old', 'process', '[]', 'ended', 'passed', '', i, 1, 1, '' FROM n`,
    )
    .run({ runs });
  const decision = (what: string, at: string) =>
    `json_object('callId', 'call-' || e, 'tool', 'create_refund', 'arguments', json_object('text', @text),
       'sessionId', 's', 'decision', '${what}', 'reason', '', 'decidedWallMs', i * 1000000 + ${at})`;
  const log = "json_object('service', 'gateway', 'stream', 'stdout', 'line', @text)";
  database
    .prepare(
      `${numbers}, each (e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM each WHERE e < @events)
       INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
       SELECT i, e, e, e, CASE WHEN e <= 2 * @approvals THEN ${DECIDED} ELSE ${LOG} END,
         CASE WHEN e <= @approvals THEN ${decision("approvalRequired", "e")}
              WHEN e <= 2 * @approvals THEN replace(${decision("approved", "e")}, 'call-' || e, 'call-' || CAST(e - @approvals AS INTEGER))
              ELSE ${log} END
       FROM n, each`,
    )
    .run({ runs, approvals, events: 2 * approvals + lines, text: "x".repeat(200) });
  database.close();
}

/** Each row that is removed or brought in keeps the disk for a moment, as on a machine that is busy with it. */
function slowDown(home: string, change: "INSERT" | "DELETE", bytes: number): void {
  const database = new Database(join(home, "history.db"));
  const work = `length(hex(randomblob(${bytes})))`;
  database.exec(`CREATE TRIGGER slow_${change} BEFORE ${change} ON events BEGIN SELECT ${work}; END`);
  onTestFinished(() => {
    database.exec(`DROP TRIGGER slow_${change}`);
    database.close();
  });
}

describe.runIf(process.platform === "linux")(
  "while a fault is in force, the watchdog hears of the lab all through",
  () => {
    /** A lab with a manual fault in force; at the end the fault must still have been the lab's own to undo. */
    async function withFault(home: string, work: (engine: EngineService) => Promise<unknown>): Promise<void> {
      const engine = await startEngineOnSmallStack(home);
      service = engine;
      await engine.stack.up();
      const { runId } = await engine.faults.apply({ kind: "pause", target: "server" });
      await work(engine);
      expect(await engine.faults.undo("all")).toEqual({ undone: 1, residue: [] });
      await expect.poll(async () => (await engine.history.get(runId)).outcome).toBe("passed");
      const { events } = await engine.history.eventPage({ runId, afterSeq: 0, limit: 100, types: ["fault.undone"] });
      expect(events.map((event) => event.type === "fault.undone" && event.detail)).toEqual([
        "server is running and up",
      ]);
      expect(readFileSync(join(home, "watchdog.log"), "utf8")).not.toContain("no heartbeat");
    }

    async function newHome(): Promise<string> {
      const home = temporaryFolder();
      await (await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home })).close();
      return home;
    }

    test("the decisions on approvals of 1,000 runs are read", async () => {
      const home = await newHome();
      addRuns(home, 1_000, { approvals: 60, lines: 100 });
      await withFault(home, async (engine) => {
        const { decided, hasMore } = await engine.history.approvals(100, Number.MAX_SAFE_INTEGER);
        expect(hasMore).toBe(true);
        expect(decided.slice(0, 60)).toEqual(
          Array.from({ length: 60 }, (_, at) =>
            expect.objectContaining({
              runId: idOf(1_000),
              callId: `call-${60 - at}`,
              requestedWallMs: 1_000 * 1_000_000 + 60 - at,
              decidedWallMs: 1_000 * 1_000_000 + 120 - at,
            }),
          ),
        );
        expect(decided[60]).toMatchObject({ runId: idOf(999), callId: "call-60" });
      });
    });

    test("hundreds of runs are removed, because there are too many, or by a person", async () => {
      const home = await newHome();
      addRuns(home, 500, { approvals: 0, lines: 20 });
      await withFault(home, async (engine) => {
        slowDown(home, "DELETE", 40_000);
        engine.settings.change({ historyLimit: 200 });
        await expect.poll(() => rowsOf(home)).toBeLessThan(210 * 20);
        const runIds = Array.from({ length: 20 }, (_, at) => idOf(500 - at));
        expect(await engine.history.delete(runIds)).toEqual({ deleted: 20, kept: [] });
        expect(rowsOf(home)).toBeLessThan(190 * 20);
      });
    });

    test("a bundle is brought in", async () => {
      const home = await newHome();
      await withFault(home, async (engine) => {
        const history = engine.store;
        const [id, file] = [idOf(1), join(home, "run.zip")];
        const old = {
          scenarioId: "mcp-crash",
          scenarioTitle: "The MCP server crashes",
          scenarioSource: "id: old",
          driver: "process",
        };
        await history.begin({ id, ...old, without: [], startedWallMs: 1 });
        const line: LabEventBody = { type: "service.log", service: "gateway", stream: "stdout", line: "x" };
        for (const event of eventsOf([started, ...Array<LabEventBody>(1_200).fill(line), passed], id))
          void (event.type === "run.ended" ? await history.end(event) : history.append(event));
        await exportBundle({ history, runIds: [id], file });
        await engine.history.delete([id]);
        slowDown(home, "INSERT", 250_000);
        expect((await importBundle({ history, file })).imported).toHaveLength(1);
      });
    });
  },
);

function rowsOf(home: string): number {
  const database = new Database(join(home, "history.db"), { readonly: true });
  const count = Number(database.prepare("SELECT count(*) FROM events").pluck().get());
  database.close();
  return count;
}
