import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";

const { HTTP2_HEADER_STATUS } = constants;

/** From now on each sends what the other receives, half-closed connections included; when one breaks off, so does the other. */
export function open(stream: ServerHttp2Stream, socket: Socket): void {
  stream.respond({ [HTTP2_HEADER_STATUS]: 200 });
  pipeline(socket, stream, socket, () => {});
}

export function refuse(stream: ServerHttp2Stream, status: number, reason: string): void {
  if (!stream.destroyed) stream.respond({ [HTTP2_HEADER_STATUS]: status, "x-reason": reason }, { endStream: true });
}
