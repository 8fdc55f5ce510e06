import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { LabError } from "../../lab-error.ts";

const BLOCK_BYTES = 512;

/**
 * The files of a folder as a tar stream (POSIX ustar), read as they are sent. Owners and times are left out, so that
 * the same files give the same bytes and the engine's build cache holds.
 */
export function tarOf(folder: string, files: readonly string[]): Readable {
  return Readable.from(blocks(folder, files), { objectMode: false });
}

async function* blocks(folder: string, files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) {
    const path = join(folder, file);
    const { size, mode } = statSync(path);
    yield header(file, size, mode);
    let sent = 0;
    if (size > 0) {
      // No further than the size that was promised, should the file grow meanwhile.
      for await (const chunk of createReadStream(path, { end: size - 1 })) {
        sent += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    }
    if (sent !== size) throw new LabError("bad-input", `${path} changed while it was sent to the engine`);
    yield Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function header(file: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const { prefix, name } = splitName(file);
  block.write(name, 0);
  writeOctal(block, 100, 8, mode & 0o777);
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeOctal(block, 124, 12, size);
  writeOctal(block, 136, 12, 0);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\0" + "00", 257);
  block.write(prefix, 345);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function writeOctal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
}

/** A name of up to 100 bytes, after a prefix of up to 155 that ends at a slash. */
function splitName(file: string): { prefix: string; name: string } {
  if (Buffer.byteLength(file) <= 100) return { prefix: "", name: file };
  for (let at = file.indexOf("/"); at >= 0; at = file.indexOf("/", at + 1)) {
    const [prefix, name] = [file.slice(0, at), file.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  throw new LabError("bad-input", `the path ${file} is too long to be sent to the engine`);
}
