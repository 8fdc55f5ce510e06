/** An armed HTTP-aware toxic without a matching request: the proxy against a bare node:http forwarder in the same run. */

import { once } from "node:events";
import { connect } from "node:net";
import { answersPerSecond, Line } from "./load.ts";
import { atLeast, inPairs, type Row, shown } from "./measure.ts";
import { arm, type Peers } from "./peers.ts";

const pairs = 9;
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":100}}}';
export const message = [
  "POST /mcp HTTP/1.1",
  "Host: 127.0.0.1",
  "Accept: application/json, text/event-stream",
  "Accept-Encoding: gzip, deflate",
  "Content-Type: application/json",
  "Mcp-Session-Id: 3f0c6f0e-8f0b-4a51-9f39-0d6a2b6a4c11",
  `Content-Length: ${body.length}`,
  "",
  body,
].join("\r\n");

export async function httpRows(peers: Peers): Promise<Row[]> {
  const upstream = await peers.start("httpUpstream");
  const bare = await peers.start("bareHttp", upstream.port);
  const proxy = await peers.start("faultProxy", upstream.port);
  await arm(proxy, { type: "mcp_error", match: { tool: "never" } });
  const lines = async (port: number): Promise<Line[]> => {
    const replyBytes = await replyLength(port);
    return Promise.all(Array.from({ length: 16 }, () => Line.open(port, message, replyBytes)));
  };
  const [proxyLines, bareLines] = [await lines(proxy.port), await lines(bare.port)];
  const requests = await inPairs(
    pairs,
    () => answersPerSecond(proxyLines, 400),
    () => answersPerSecond(bareLines, 400),
  );
  for (const line of [...proxyLines, ...bareLines]) line.close();
  return [
    atLeast("HTTP-aware: requests / node:http forwarder", requests.ratio, 0.9, "ratio"),
    shown("HTTP-aware: requests", requests.measured, "1/s"),
  ];
}

/** Replies differ only in their date, which has a fixed length. */
export async function replyLength(port: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(message);
  let text = "";
  while (!text.endsWith("]}}")) text += String((await once(socket, "data"))[0]);
  socket.destroy();
  return Buffer.byteLength(text);
}
