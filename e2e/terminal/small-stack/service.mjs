// A service of the small stack that tests break: it answers /health, and misbehaves according to MODE.
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const { MODE, PORT, DATA } = process.env;
const mark = join(DATA, "started-before");
const hasStartedBefore = existsSync(mark);
writeFileSync(mark, "");

console.log(`${MODE}: starting`);
if (MODE === "dies" || (MODE === "dies-again" && hasStartedBefore)) {
  console.error("the disk is on fire");
  process.exit(3);
}
if (MODE === "slow-again" && hasStartedBefore) await delay(3_000);
if (MODE === "stubborn") process.on("SIGTERM", () => console.log("no"));

const server = createServer((_request, response) => {
  response.statusCode = MODE === "never-well" ? 503 : 200;
  if (MODE === "never-well") console.log("still looking for my cat");
  response.end("{}");
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`${MODE}: listening`));
