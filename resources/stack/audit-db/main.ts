import { exitWithProblem } from "../http/run-service.ts";
import { accountForPostgres } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { prepareCluster } from "./cluster.ts";
import { readConfiguration } from "./configuration.ts";
import { becomePostgres } from "./launch.ts";
import { ensurePortIsFree } from "./port-check.ts";
import { settings } from "./settings.ts";

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());

try {
  const configuration = readConfiguration(process.env);
  const { host, port } = configuration;
  await ensurePortIsFree(host, port);
  const account = accountForPostgres();
  const binaries = await findBinaries(import.meta.url, account);
  const cluster = await prepareCluster({ configuration, binaries, account, signal: stopping.signal });
  stopping.signal.throwIfAborted();
  console.log(`audit-db starting on ${host}:${port}`);
  const args = ["-D", cluster.path, ...settings({ listen_addresses: host, port, log_line_prefix: "%m [%p] " })];
  becomePostgres({ program: binaries.postgres, args, cwd: cluster.cwd, account });
} catch (error) {
  if (stopping.signal.aborted) process.exit(0);
  exitWithProblem("audit-db", error);
}
