import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { type DescribedService, type ProbeTrial, SERVICE_ROLES } from "../../electron/contract/stacks.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./services-page.module.css";
import { hasPath, type ServiceForm } from "./use-description.ts";

const PROBES = [
  { value: "mcp", label: "MCP handshake" },
  { value: "http", label: "HTTP request" },
  { value: "tcp", label: "TCP connection" },
  { value: "container", label: "Container's state" },
] as const;
const OF_A_FILE = { value: "postgres", label: "SQL query" };

interface ServiceFormProps {
  service: DescribedService;
  form: ServiceForm;
  onChange: (form: ServiceForm) => void;
}

/** What one service is for and how its health is checked; "Try" does so once. */
export function ServiceFormRow({ service, form, onChange }: ServiceFormProps) {
  const { name, image, replicas, ports, saidIn } = service;
  const { role, probe, port } = form;
  const choices = [...new Set([...ports, ...(port === null ? [] : [port])])].map(String);
  const ofFile = probe.is === "postgres" ? [OF_A_FILE] : [];
  return (
    <li className={classes.row} aria-label={name}>
      <div className={classes.name}>
        <h2>{name}</h2>
        <span>
          {image}
          {replicas > 1 && ` × ${replicas}`}
        </span>
        <span>{saidIn === null ? "proposed" : `from ${saidIn}`}</span>
      </div>
      <div className={classes.fields}>
        <Select
          size="xs"
          label="Role"
          data={SERVICE_ROLES}
          value={role}
          allowDeselect={false}
          onChange={(value) => onChange({ ...form, role: value as ServiceForm["role"] })}
        />
        <Select
          size="xs"
          label="Health by"
          data={[...PROBES, ...ofFile]}
          value={probe.is}
          allowDeselect={false}
          onChange={(value) => onChange({ ...form, probe: { ...probe, is: value as ServiceForm["probe"]["is"] } })}
        />
        <TextInput
          size="xs"
          label="Path"
          value={hasPath(probe.is) ? (probe.path ?? "/") : ""}
          disabled={!hasPath(probe.is)}
          error={hasPath(probe.is) && !(probe.path ?? "/").startsWith("/") ? "Begins with /" : undefined}
          onChange={(event) => onChange({ ...form, probe: { ...probe, path: event.currentTarget.value } })}
        />
        <Select
          size="xs"
          label="Port"
          placeholder="none"
          data={choices}
          value={port === null ? null : String(port)}
          clearable
          onChange={(value) => onChange({ ...form, port: value === null ? null : Number(value) })}
        />
        <Trial service={name} form={form} />
      </div>
    </li>
  );
}

interface Tried {
  form: string;
  status: "up" | "down" | "degraded" | "unknown";
  text: string;
}

function Trial({ service, form }: { service: string; form: ServiceForm }) {
  const { client } = useStores();
  const [isTrying, setTrying] = useState(false);
  const [tried, setTried] = useState<Tried>();
  const { probe, port } = form;
  const asked = JSON.stringify({ probe, port });
  const run = async () => {
    setTrying(true);
    const path = hasPath(probe.is) ? (probe.path ?? "/") : null;
    const trial = { service, probe: { ...probe, path }, port } as ProbeTrial;
    const result = await attempt(`${service} could not be probed`, () => client.call.stacks.tryProbe(trial));
    setTrying(false);
    if (result === undefined) return;
    const { status, reason, latencyMs } = result;
    setTried({ form: asked, status, text: `${status} in ${Math.round(latencyMs)} ms: ${reason}` });
  };
  const because = probe.is === "postgres" ? "A query is written in a file, with its password" : undefined;
  return (
    <>
      <ReasonedButton
        size="xs"
        variant="default"
        loading={isTrying}
        aria-label={`Try ${service}`}
        disabledBecause={because}
        onClick={() => void run()}
      >
        Try
      </ReasonedButton>
      <span role="status" className={classes.result}>
        {tried?.form === asked && <ToneWord tone={tried.status}>{tried.text}</ToneWord>}
      </span>
    </>
  );
}
