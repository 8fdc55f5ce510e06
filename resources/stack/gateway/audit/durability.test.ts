import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killServices } from "../../http/testing/service-process.ts";
import { runTrial } from "../testing/audit-trial.ts";
import { eventually } from "../testing/lab.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres.ts";

// Only a bound for hangs: each trial starts real processes several times.

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await killServices();
  await postgres?.stop();
});

const callsBetweenSteps = 150;

async function moreCalls(answered: () => number): Promise<void> {
  const before = answered();
  await eventually(answered, (count) => count >= before + callsBetweenSteps);
}

describe("an answered call is in audit_log and calls, once and in order", () => {
  it.each([
    ["none", "killed"],
    ["killed", "none"],
    ["killed", "killed"],
    ["stopped", "stopped"],
  ] as const)("database %s, gateway %s meanwhile", async (database, gateway) => {
    const result = await runTrial({ postgres, database, gateway, enough: moreCalls });
    expect(result).toMatchObject({ lost: 0, twice: 0, misplaced: 0, endsLost: 0, endsTwice: 0 });
    expect(result.answered).toBeGreaterThanOrEqual(3 * callsBetweenSteps);
    expect(result.answeredMeanwhile).toBeGreaterThanOrEqual(callsBetweenSteps);
  });
});
