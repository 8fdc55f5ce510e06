import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { QueueSubmitRequest } from "../../electron/contract/queue.ts";

/** What is filled in of a form, and the request that it makes. */
export interface Fields {
  fields: ReactNode;
  filled: { is: "complete"; request: QueueSubmitRequest } | { is: "incomplete"; because: string };
}

const LABEL = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;
const FILE = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/** What every run of a worker may ask for. `because` says what is wrong with it. */
export function useWorkerFields() {
  const [named, setNamed] = useState("");
  const [url, setUrl] = useState("");
  const [file, setFile] = useState("");
  const labels = named.split(/[\s,]+/).filter((label) => label !== "");
  const wrongLabel = labels.find((label) => !LABEL.test(label));
  const because =
    (wrongLabel !== undefined ? `A label has letters, digits and . _ - only: ${wrongLabel}` : undefined) ??
    (url !== "" && !isWebAddress(url) ? "The webhook is an address that begins with http:// or https://" : undefined) ??
    (file !== "" && !FILE.test(file) ? "The file is a relative path of letters, digits and . _ -" : undefined);
  const fields = (
    <>
      <TextInput
        label="Labels that its worker must have"
        placeholder="eu, gpu"
        value={named}
        onChange={(event) => setNamed(event.currentTarget.value)}
      />
      <TextInput
        label="Send the result to a webhook"
        placeholder="https://..."
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Add the result to a file in the worker's folder"
        placeholder="runs.ndjson"
        value={file}
        onChange={(event) => setFile(event.currentTarget.value.trim())}
      />
    </>
  );
  return { fields, because, values: { labels, sendTo: { url: url || null, file: file || null } } };
}

export function isWebAddress(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}
