import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Upload } from "../../electron/contract/bundles.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import {
  ChooseEvalSet,
  ChooseFile,
  ChooseMetrics,
  FIRST_CHOICE,
  toRequest,
  whyNotEvaluated,
} from "../ui/evaluation-choice.tsx";
import { type Fields, isWebAddress, useWorkerFields } from "./worker-fields.tsx";

/** Of an evaluation of traces, which a worker carries out. */
export function useEvaluationFields(): Fields {
  const { client } = useStores();
  const [from, setFrom] = useState<string>("file");
  const [file, setFile] = useState<Upload>();
  const [address, setAddress] = useState("");
  const [traceId, setTraceId] = useState("");
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const worker = useWorkerFields();
  const upload = (chosen: File) => attempt("The file could not be uploaded", () => client.upload(chosen));
  const because =
    (from === "file" && file === undefined ? "Choose a trace file" : undefined) ??
    (from === "backend" && !isWebAddress(address) ? "Give the address of the tracing backend's API" : undefined) ??
    (from === "backend" && traceId === "" ? "Give the id of the trace" : undefined) ??
    whyNotEvaluated(choice) ??
    worker.because;
  const traces =
    from === "backend"
      ? ({ is: "backend", address, traceId } as const)
      : ({ is: "file", upload: file?.upload ?? "" } as const);
  const fields = (
    <>
      <Select
        label="Traces"
        allowDeselect={false}
        data={[
          { value: "file", label: "From a file" },
          { value: "backend", label: "From a tracing backend, by the worker" },
        ]}
        value={from}
        onChange={(value) => setFrom(value ?? "file")}
      />
      {from === "file" ? (
        <ChooseFile
          label="Choose a trace file"
          hint="Of Jaeger, OTLP or Tempo, as JSON"
          chosen={file}
          onFile={async (chosen) => {
            const uploaded = await upload(chosen);
            if (uploaded !== undefined) setFile(uploaded);
            return uploaded;
          }}
        />
      ) : (
        <>
          <TextInput
            label="Address, before the id"
            placeholder="http://localhost:16686/api/traces"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value.trim())}
          />
          <TextInput
            label="Trace id"
            value={traceId}
            onChange={(event) => setTraceId(event.currentTarget.value.trim())}
          />
        </>
      )}
      <ChooseEvalSet choice={choice} onChange={setChoice} onFile={upload} />
      <section aria-label="Metrics">
        <ChooseMetrics choice={choice} onChange={setChoice} />
      </section>
      {worker.fields}
    </>
  );
  return {
    fields,
    filled:
      because === undefined
        ? { is: "complete", request: { is: "evaluation", traces, ...toRequest(choice), ...worker.values } }
        : { is: "incomplete", because },
  };
}
