import { Duplex } from "node:stream";

/**
 * Standard input and output as one stream, which closes with either of them. Input is never paused, so that its end is seen also while
 * the HTTP/2 session on it waits for a write that will not come to an end; what is not read yet is bounded by the session's window.
 */
export function standardStreams(): Duplex {
  const control = new Duplex({
    read() {},
    write(chunk, _encoding, callback) {
      process.stdout.write(chunk, () => callback());
    },
  });
  const close = () => void control.destroy();
  process.stdin
    .on("data", (chunk: Buffer) => void control.push(chunk))
    .on("error", close)
    .once("end", close);
  process.stdout.on("error", close).once("close", close);
  return control;
}
