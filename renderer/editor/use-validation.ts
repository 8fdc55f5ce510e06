import { useEffect, useRef, useState } from "react";
import type { ScenarioValidation } from "../../electron/contract/scenarios.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { type JsonSchema, SchemaGuide } from "./json-schema.ts";

const PAUSE_MS = 200;

export interface Checked {
  /** Of the text last checked; kept while a newer text is being checked. */
  validation: ScenarioValidation | undefined;
  /** Whether it is for the current text. */
  isCurrent: boolean;
  failure: string | undefined;
}

/** Validation by the lab, debounced. */
export function useValidation(source: string): Checked {
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const [checked, setChecked] = useState<{ source: string; validation: ScenarioValidation }>();
  const [failure, setFailure] = useState<string>();
  const newest = useRef(0);
  useEffect(() => {
    if (!isConnected) return;
    const number = ++newest.current;
    const timer = setTimeout(() => {
      client.call.scenarios.validate({ source }).then(
        (validation) => {
          if (number !== newest.current) return;
          setChecked({ source, validation });
          setFailure(undefined);
        },
        (error: Error) => number === newest.current && setFailure(failureText(error)),
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [client, source, isConnected]);
  return { validation: checked?.validation, isCurrent: checked?.source === source, failure };
}

export function useSchemaGuide(): SchemaGuide | undefined {
  const { client } = useStores();
  const [guide, setGuide] = useState<SchemaGuide>();
  useEffect(() => {
    // Without it there is no completion; problems are still reported by the lab.
    client.call.scenarios.schema().then(
      (schema) => setGuide(new SchemaGuide(schema as JsonSchema)),
      () => {},
    );
  }, [client]);
  return guide;
}
