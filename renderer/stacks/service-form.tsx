import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { type DescribedService, type ProbeTrial, SERVICE_ROLES } from "../../electron/contract/stacks.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ToneWord } from "../ui/tone-mark.tsx";
import { HeaderFields } from "./header-fields.tsx";
import { LoginFields } from "./login-fields.tsx";
import classes from "./services-page.module.css";
import { hasPath, isWritable, problemOf, type ServiceForm, writtenProbe } from "./use-description.ts";

const PROBES = [
  { value: "mcp", label: "MCP handshake" },
  { value: "http", label: "HTTP request" },
  { value: "tcp", label: "TCP connection" },
  { value: "container", label: "Container's state" },
  { value: "postgres", label: "SQL query" },
] as const;
const NO_LOGIN = { user: "", database: "", passwordVariable: "" };

interface ServiceFormProps {
  service: DescribedService;
  form: ServiceForm;
  onChange: (form: ServiceForm) => void;
}

/** What one service is for and how its health is checked; "Try" does so once. */
export function ServiceFormRow({ service, form, onChange }: ServiceFormProps) {
  const { name, image, replicas, ports, saidIn, lateAt } = service;
  const { role, probe, port } = form;
  const choices = [...new Set([...ports, ...(port === null ? [] : [port])])].map(String);
  const chooseProbe = (is: ServiceForm["probe"]["is"]) =>
    onChange({ ...form, probe: { ...probe, is, login: is === "postgres" ? (service.probe.login ?? NO_LOGIN) : null } });
  return (
    <li className={classes.row} aria-label={name}>
      <div className={classes.name}>
        <h2>{name}</h2>
        <span>
          {image}
          {replicas > 1 && ` × ${replicas}`}
        </span>
        <span>{saidIn === null ? "proposed" : `from ${saidIn}`}</span>
        {lateAt !== null && (
          <span className={classes.late}>
            Did not answer in time at port {lateAt}: choose how its health is checked, and press Try
          </span>
        )}
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
          data={PROBES}
          value={probe.is}
          allowDeselect={false}
          onChange={(value) => chooseProbe(value as ServiceForm["probe"]["is"])}
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
          allowDeselect={false}
          value={port === null ? null : String(port)}
          clearable
          onChange={(value) => onChange({ ...form, port: value === null ? null : Number(value) })}
        />
        {probe.is === "postgres" && <LoginFields form={form} onChange={onChange} />}
        {hasPath(probe.is) && (
          <HeaderFields headers={form.headers} onChange={(headers) => onChange({ ...form, headers })} />
        )}
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
  const asked = JSON.stringify({ probe, headers: form.headers, port });
  const run = async () => {
    setTrying(true);
    const trial: ProbeTrial = { service, probe: writtenProbe(probe), headers: form.headers, port };
    const result = await attempt(`${service} could not be probed`, () => client.call.stacks.tryProbe(trial));
    setTrying(false);
    if (result === undefined) return;
    const { status, reason, latencyMs } = result;
    setTried({ form: asked, status, text: `${status} in ${Math.round(latencyMs)} ms: ${reason}` });
  };
  const because = isWritable(probe) ? problemOf(form) : "Its file has the query, with the password";
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
