/**
 * `npm run soak -- audit [SECONDS]`: the durability test for longer outages. The database is killed or stopped for SECONDS
 * (default 20), the gateway is killed or stopped meanwhile, in all combinations. Prints one line per trial; exits with 1 if
 * an answered call, or its end, is missing, duplicated or out of order.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Outage, runTrial } from "../testing/audit-trial.ts";
import { startPostgres } from "../testing/postgres.ts";

const seconds = Number(process.argv[2] ?? 20);
if (!(seconds > 0)) {
  console.error(`SECONDS is ${process.argv[2]}: expected a number above 0, for example 20`);
  process.exit(2);
}
const outages: readonly Outage[] = ["none", "killed", "stopped"];
const postgres = await startPostgres();
let failures = 0;
let answered = 0;
try {
  for (const database of outages) {
    for (const gateway of outages) {
      const result = await runTrial({ postgres, database, gateway, enough: () => sleep((seconds * 1_000) / 2) });
      const { lost, twice, misplaced, endsLost, endsTwice } = result;
      answered += result.answered;
      if (lost + twice + misplaced + endsLost + endsTwice > 0) failures += 1;
      console.log(
        `database ${database}, gateway ${gateway}: ${result.answered} answered, ${result.answeredMeanwhile} of them with the ` +
          `database down; ${lost} lost, ${twice} duplicated, ${misplaced} out of order; ends: ${endsLost} lost, ${endsTwice} duplicated`,
      );
    }
  }
} finally {
  await postgres.stop();
}
console.log(`${answered} calls answered; ${failures} of ${outages.length ** 2} trials failed`);
process.exitCode = failures === 0 ? 0 : 1;
