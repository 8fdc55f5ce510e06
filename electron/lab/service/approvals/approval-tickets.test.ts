import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startPostgres, type TestPostgres } from "../../../testing/postgres.ts";
import { systemClock } from "../../clock.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { ApprovalService } from "./approval-service.ts";

/** As the reference stack's gateway makes it. */
const TABLE = `
CREATE TABLE approvals (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), call_id uuid NOT NULL DEFAULT gen_random_uuid(), tool_name text NOT NULL,
  arguments jsonb, session_id text NOT NULL DEFAULT 's', turn_id text NOT NULL DEFAULT 't', status text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz, slack_ts text);
CREATE FUNCTION notify_approvals() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY approvals; RETURN NULL; END $$;
CREATE TRIGGER approvals_notify AFTER INSERT OR UPDATE OR DELETE ON approvals
  FOR EACH STATEMENT EXECUTE FUNCTION notify_approvals();`;

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query(TABLE);
});
afterAll(() => postgres.close());

test("a ticket appears as soon as the database notifies of it, and goes when it is decided, without a poll", async () => {
  // Time does not pass: only what is told wakes whoever waits.
  const asleep = vi.spyOn(systemClock, "sleep").mockImplementation(
    (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
      }),
  );
  const approvals = new ApprovalService(() => {});
  const services = [{ role: "audit-log" }, { role: "gateway" }];
  approvals.open({ stack: { services }, endpoint: () => postgres.url } as unknown as RunningStack);
  const tools = () => approvals.waiting().waiting.map(({ tool }) => tool);
  await expect.poll(() => asleep.mock.calls.length).toBe(1);
  await postgres.query("INSERT INTO approvals (tool_name, status) VALUES ('create_refund', 'pending')");
  await expect.poll(tools).toEqual(["create_refund"]);
  await postgres.query("UPDATE approvals SET status = 'denied'");
  await expect.poll(tools).toEqual([]);
  await approvals.close();
  vi.restoreAllMocks();
});
