/** The precision of faults, and the time until they take effect. */
import { Line, open, transferMs } from "./load.ts";
import { atMost, median, percentile, type Row, shown } from "./measure.ts";
import { arm, type Peer, type Peers } from "./peers.ts";

/** The median of the rounds: the worst one measures the machine's other load rather than the fault. */
const rounds = 5;

export async function faultRows(peers: Peers): Promise<Row[]> {
  const upstream = await peers.start("tcpUpstream");
  const proxy = await peers.start("faultProxy", upstream.port);
  const rows: Row[] = [];
  for (const latencyMs of [10, 50, 200]) rows.push(...(await latencyRows(proxy, latencyMs)));
  for (const rate of [100, 1_000, 10_000]) rows.push(await bandwidthRow(proxy, rate));
  rows.push(await effectRow(proxy), await loopRow(proxy));
  return rows;
}

async function latencyRows(proxy: Peer, latencyMs: number): Promise<Row[]> {
  const lines = await Promise.all(Array.from({ length: 20 }, () => Line.open(proxy.port, "m", 1)));
  const plain: number[] = [];
  for (const line of lines) for (let at = 0; at < 20; at += 1) plain.push(await line.ask());
  const disarm = await arm(proxy, { type: "latency", attributes: { latency: latencyMs } });
  const plainMs = median(plain);
  const asks = Math.max(5, Math.ceil(300 / latencyMs));
  const perRound: number[][] = [];
  const control = timerErrors(latencyMs);
  for (let round = 0; round < rounds; round += 1) {
    const errors: number[] = [];
    await Promise.all(
      lines.map(async (line, at) => {
        // Staggered: replies that wait for each other would add to the timer's error.
        await new Promise((resolve) => setTimeout(resolve, (at * latencyMs) / lines.length));
        for (let ask = 0; ask < asks; ask += 1) errors.push(Math.abs((await line.ask()) - plainMs - latencyMs));
      }),
    );
    perRound.push(errors);
  }
  const overRounds = (percent: number): number => median(perRound.map((errors) => percentile(errors, percent)));
  const timerErrorsMs = await control.stop();
  await disarm();
  for (const line of lines) line.close();
  return [
    atMost(`latency ${latencyMs} ms: error p50`, overRounds(50), 1, "ms"),
    atMost(`latency ${latencyMs} ms: error p99`, overRounds(99), 6, "ms"),
    shown(
      `control: a timer of ${latencyMs} ms in the measuring process, error p99`,
      percentile(timerErrorsMs, 99),
      "ms",
    ),
  ];
}

/** The error of a plain timer on this machine at the same time. */
function timerErrors(ms: number): { stop: () => Promise<number[]> } {
  const errors: number[] = [];
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      const startMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, ms));
      errors.push(Math.abs(performance.now() - startMs - ms));
    }
  };
  const running = run();
  const stop = async (): Promise<number[]> => {
    isOver = true;
    await running;
    return errors;
  };
  return { stop };
}

async function bandwidthRow(proxy: Peer, rate: number): Promise<Row> {
  const disarm = await arm(proxy, { type: "bandwidth", attributes: { rate } });
  const bytes = rate * 1_500;
  const errors: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    errors.push(Math.abs((await transferMs(proxy.port, bytes)) / (bytes / rate) - 1) * 100);
  }
  await disarm();
  return atMost(`bandwidth ${rate} KB/s: error`, median(errors), 3, "%");
}

/** Time from the acknowledgement to the first affected message, on a connection that was already open. */
async function effectRow(proxy: Peer): Promise<Row> {
  const line = await Line.open(proxy.port, "m", 1);
  const waits: number[] = [];
  for (let at = 0; at < 20; at += 1) {
    await line.ask();
    const disarm = await arm(proxy, { type: "latency", attributes: { latency: 25 } });
    const acknowledgedMs = performance.now();
    let askedMs = acknowledgedMs;
    while ((await line.ask()) < 24) askedMs = performance.now();
    waits.push(askedMs - acknowledgedMs);
    await disarm();
  }
  line.close();
  return atMost("a fault takes effect after its acknowledgement, worst of 20", Math.max(...waits), 20, "ms");
}

async function loopRow(proxy: Peer): Promise<Row> {
  const idle = await Promise.all(Array.from({ length: 500 }, () => open(proxy.port)));
  for (const socket of idle) socket.write("S");
  proxy.watchLoop();
  for (let at = 0; at < 4; at += 1) await transferMs(proxy.port, 256 * 1024 * 1024);
  const p99 = await proxy.loopP99Ms();
  for (const socket of idle) socket.destroy();
  return atMost("500 idle streams and a bulk transfer: event loop p99", p99, 20, "ms");
}
