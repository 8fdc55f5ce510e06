// Runs a command in a network namespace of its own, if this machine lets it: a browser breaks off what it loads whenever the
// networks of its machine change, and the tests beside it bring containers up and down.
import { spawn, spawnSync } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const LOOPBACK_UP = ["ip", "link", "set", "lo", "up"];

const isPossible = spawnSync("unshare", ["--net", ...LOOPBACK_UP]).status === 0;
if (!isPossible) {
  console.log(
    "pages: in the machine's network, which must not change meanwhile; one of their own needs root, unshare and ip",
  );
}
const isolated = ["--net", "sh", "-c", `${LOOPBACK_UP.join(" ")} && exec "$@"`, "sh", command, ...args];
const child = isPossible
  ? spawn("unshare", isolated, { stdio: "inherit" })
  : spawn(command, args, { stdio: "inherit" });
// The terminal sends Ctrl-C to both; this one waits for the report of the other.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
});
