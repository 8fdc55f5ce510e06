/** While the exchanges on a link are read: the proxy against a bare pipe in the same run. */
import { message, replyLength } from "./http-rows.ts";
import { answersPerSecond, Line, transferRate } from "./load.ts";
import { atLeast, inPairs, type Row, shown } from "./measure.ts";
import { Peers } from "./peers.ts";

const pairs = 15;
const transferBytes = 64 * 1024 * 1024;

export async function benchWire(): Promise<Row[]> {
  const peers = new Peers();
  try {
    return await wireRows(peers);
  } finally {
    peers.stop();
  }
}

async function wireRows(peers: Peers): Promise<Row[]> {
  const upstream = await peers.start("httpUpstream");
  const bare = await peers.start("barePipe", upstream.port);
  const proxy = await peers.start("faultProxy", upstream.port);
  const idle = await peers.start("faultProxy", upstream.port);
  const listener = await peers.start("wireListener", Number(new URL(proxy.apiUrl).port));
  const download = `GET /${transferBytes} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
  const bulk = (port: number) => (): Promise<number> => transferRate(port, transferBytes, download);
  const throughput = await inPairs(pairs, bulk(proxy.port), bulk(bare.port));
  const offThroughput = await inPairs(pairs, bulk(idle.port), bulk(bare.port));
  const lines = async (port: number): Promise<Line[]> => {
    const replyBytes = await replyLength(port);
    return Promise.all(Array.from({ length: 16 }, () => Line.open(port, message, replyBytes)));
  };
  const [read, unread, piped] = [await lines(proxy.port), await lines(idle.port), await lines(bare.port)];
  const perSecond = (some: Line[]) => (): Promise<number> => answersPerSecond(some, 300);
  const requests = await inPairs(pairs, perSecond(read), perSecond(piped));
  const off = await inPairs(pairs, perSecond(unread), perSecond(piped));
  for (const line of [...read, ...unread, ...piped]) line.close();
  const { recorded, dropped } = await listener.counts();
  return [
    atLeast("wire calls read: requests / bare pipe", requests.ratio, 0.7, "ratio"),
    shown("wire calls read: requests", requests.measured, "1/s"),
    shown("wire calls not read: requests / bare pipe", off.ratio, "ratio"),
    atLeast("wire calls read: throughput / bare pipe", throughput.ratio, 0.9, "ratio"),
    shown("wire calls not read: throughput / bare pipe", offThroughput.ratio, "ratio"),
    shown("wire calls read: throughput", throughput.measured, "MB/s"),
    shown("wire calls read: recorded", recorded, ""),
    shown("wire calls read: dropped", dropped, ""),
  ];
}
