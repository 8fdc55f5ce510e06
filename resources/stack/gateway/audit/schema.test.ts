import pg from "pg";
import { afterAll, beforeAll, it } from "vitest";
import { eventually } from "../testing/lab.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres.ts";
import { prepareSchema } from "./schema.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.stop());

it("notifies listeners of each change of a ticket, also if an earlier gateway created the tables", async () => {
  const pool = new pg.Pool({ connectionString: postgres.url });
  const listener = new pg.Client({ connectionString: postgres.url });
  let notified = 0;
  listener.on("notification", ({ channel }) => {
    if (channel === "approvals") notified++;
  });
  try {
    await prepareSchema(pool);
    await pool.query("DROP TRIGGER approvals_notify ON approvals");
    await prepareSchema(pool);
    await listener.connect();
    await listener.query("LISTEN approvals");
    await pool.query(
      `INSERT INTO approvals (id, call_id, session_id, turn_id, tool_name, digest, status, requested_at)
       VALUES (gen_random_uuid(), gen_random_uuid(), 's', 't', 'create_refund', 'd', 'pending', now())`,
    );
    await eventually(
      () => notified,
      (count) => count === 1,
    );
    await pool.query("UPDATE approvals SET slack_ts = '1.1'");
    await eventually(
      () => notified,
      (count) => count === 2,
    );
  } finally {
    await listener.end();
    await pool.end();
  }
});
