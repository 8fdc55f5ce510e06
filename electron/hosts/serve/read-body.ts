import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";

const BODY_LIMIT_BYTES = 50 * 1024 * 1024;
/** Of one uploaded file. */
const FILE_LIMIT_BYTES = 10 * 1024 * 1024;

/** @throws ApiError 413 for one that is too large */
async function readBytes(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) throw new ApiError(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks) as Buffer<ArrayBuffer>;
}

/** @throws ApiError 413, 415, or 422 for what is no JSON */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers["content-type"] ?? "";
  // A page of another origin can send a form without asking, and no JSON.
  if (!/^application\/json\b/i.test(type)) throw new ApiError(415, "the body must be application/json");
  try {
    return JSON.parse((await readBytes(request)).toString("utf8"));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(422, "the body is not JSON");
  }
}

export interface UploadedForm {
  files: { field: string; name: string; bytes: Uint8Array }[];
  fields: Map<string, string>;
}

/** @throws ApiError 413, 415, or 422 for what is no multipart form */
export async function readForm(request: IncomingMessage): Promise<UploadedForm> {
  const type = request.headers["content-type"] ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) throw new ApiError(415, "the body must be multipart/form-data");
  const form = await new Response(await readBytes(request), { headers: { "content-type": type } })
    .formData()
    .catch(() => {
      throw new ApiError(422, "the body is not a multipart form");
    });
  const found: UploadedForm = { files: [], fields: new Map() };
  for (const [field, value] of form) {
    if (typeof value === "string") found.fields.set(field, value);
    else if (value.size > FILE_LIMIT_BYTES) {
      throw new ApiError(413, `${value.name} is larger than ${FILE_LIMIT_BYTES} bytes`);
    } else found.files.push({ field, name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
  }
  return found;
}
