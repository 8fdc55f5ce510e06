/**
 * `npm run soak -- audit [SECONDS]`: what the durability test looks at, for longer. The database is away for SECONDS (20),
 * killed or stopped, the gateway is killed or stopped meanwhile, in all their combinations. A line a trial; exit 1 when
 * one answered call, or its end, is missing, twice or out of order.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Blow, runTrial } from "../testing/audit-trial.ts";
import { startPostgres } from "../testing/postgres.ts";

const seconds = Number(process.argv[2] ?? 20);
if (!(seconds > 0)) {
  console.error(`SECONDS is ${process.argv[2]}: expected a number above 0, for example 20`);
  process.exit(2);
}
const blows: readonly Blow[] = ["none", "killed", "stopped"];
const postgres = await startPostgres();
let failures = 0;
let answered = 0;
try {
  for (const database of blows) {
    for (const gateway of blows) {
      const result = await runTrial({ postgres, database, gateway, enough: () => sleep((seconds * 1_000) / 2) });
      const { lost, twice, misplaced, endsLost, endsTwice } = result;
      answered += result.answered;
      if (lost + twice + misplaced + endsLost + endsTwice > 0) failures += 1;
      console.log(
        `database ${database}, gateway ${gateway}: ${result.answered} answered, ${result.answeredMeanwhile} of them with the ` +
          `database away; ${lost} lost, ${twice} twice, ${misplaced} out of order; of their ends ${endsLost} lost, ${endsTwice} twice`,
      );
    }
  }
} finally {
  await postgres.stop();
}
console.log(`${answered} calls answered; ${failures} of ${blows.length ** 2} trials failed`);
process.exitCode = failures === 0 ? 0 : 1;
