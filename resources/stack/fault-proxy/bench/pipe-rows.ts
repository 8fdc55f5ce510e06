/** Without toxics: the proxy against a bare pipe in the same run. */
import { answersPerSecond, Line, transferRate } from "./load.ts";
import { atLeast, atMost, inPairs, median, type Row, shown } from "./measure.ts";
import type { Peers } from "./peers.ts";

const pairs = 15;
const transferBytes = 64 * 1024 * 1024;
const message = "m".repeat(200);

export async function pipeRows(peers: Peers): Promise<Row[]> {
  const upstream = await peers.start("tcpUpstream");
  const bare = await peers.start("barePipe", upstream.port);
  const proxy = await peers.start("faultProxy", upstream.port);
  const lines = (port: number, count: number): Promise<Line[]> =>
    Promise.all(Array.from({ length: count }, () => Line.open(port, message, message.length)));

  const throughput = await inPairs(
    pairs,
    () => transferRate(proxy.port, transferBytes),
    () => transferRate(bare.port, transferBytes),
  );

  const twin = await peers.start("barePipe", upstream.port);
  const control = await inPairs(
    pairs,
    () => transferRate(twin.port, transferBytes),
    () => transferRate(bare.port, transferBytes),
  );

  const [proxyLines, bareLines] = [await lines(proxy.port, 16), await lines(bare.port, 16)];
  const requests = await inPairs(
    pairs,
    () => answersPerSecond(proxyLines, 300),
    () => answersPerSecond(bareLines, 300),
  );

  const [direct] = await lines(upstream.port, 1);
  const [oneProxy] = proxyLines;
  const [oneBare] = bareLines;
  if (!direct || !oneProxy || !oneBare) throw new Error("no line");
  const addedMs: { proxy: number; bare: number }[] = [];
  for (let at = 0; at < pairs; at += 1) {
    const base = await medianAnswerMs(direct);
    addedMs.push({ bare: (await medianAnswerMs(oneBare)) - base, proxy: (await medianAnswerMs(oneProxy)) - base });
  }
  for (const line of [...proxyLines, ...bareLines, direct]) line.close();
  return [
    atLeast("pipe: throughput / bare pipe", throughput.ratio, 0.9, "ratio"),
    shown("pipe: throughput", throughput.measured, "MB/s"),
    shown("control: a second bare pipe / bare pipe", control.ratio, "ratio"),
    atLeast("pipe: requests / bare pipe", requests.ratio, 0.9, "ratio"),
    shown("pipe: requests", requests.measured, "1/s"),
    atMost("pipe: added p50 / bare pipe's", median(addedMs.map((one) => one.proxy / one.bare)), 1.25, "ratio"),
    shown("pipe: added p50", median(addedMs.map((one) => one.proxy)) * 1_000, "us"),
  ];
}

async function medianAnswerMs(line: Line): Promise<number> {
  const samples: number[] = [];
  for (let at = 0; at < 500; at += 1) samples.push(await line.ask());
  return median(samples);
}
