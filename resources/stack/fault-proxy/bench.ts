/** `node resources/stack/fault-proxy/bench.ts [--json FILE]`: the proxy against baselines measured in the same run. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { faultRows } from "./bench/fault-rows.ts";
import { httpRows } from "./bench/http-rows.ts";
import type { Row } from "./bench/measure.ts";
import { Peers } from "./bench/peers.ts";
import { pipeRows } from "./bench/pipe-rows.ts";

export type { Row } from "./bench/measure.ts";

export async function benchFaultProxy(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const measure of [pipeRows, httpRows, faultRows]) {
    const peers = new Peers();
    try {
      rows.push(...(await measure(peers)));
    } finally {
      peers.stop();
    }
  }
  return rows;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  const rows = await benchFaultProxy();
  console.table(rows);
  const json = JSON.stringify(rows, null, 2);
  if (values.json) writeFileSync(values.json, `${json}\n`);
  else console.log(json);
  process.exitCode = rows.every((row) => row.ok) ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
