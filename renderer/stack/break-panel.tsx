import { CopyButton, Select } from "@mantine/core";
import { IconArrowBackUp, IconBolt } from "@tabler/icons-react";
import { useState } from "react";
import type { FaultInForce, FaultKindInfo } from "../../electron/contract/faults.ts";
import type { LinkStatus, LinkTraffic, ServiceStatus, StackStatus } from "../../electron/contract/stack.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { Facts } from "../ui/facts.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./break-panel.module.css";
import { FaultAttributeInput } from "./fault-attribute-input.tsx";
import { attributesOf, type FaultValues } from "./fault-attributes.ts";
import { stateText } from "./stack-map.tsx";
import { rateText, trafficText } from "./traffic-text.ts";

/** Applies faults to the service or link selected on the map, and undoes them. */
export function BreakPanel({
  stack,
  traffic,
  target,
}: {
  stack: StackStatus;
  traffic: ReadonlyMap<string, LinkTraffic>;
  target: string | undefined;
}) {
  const service = stack.services.find(({ name }) => name === target);
  const link = stack.links.find(({ name }) => name === target);
  if (service !== undefined) return <ServiceBreaker key={service.name} stack={stack} service={service} />;
  if (link !== undefined)
    return <LinkBreaker key={link.name} stack={stack} link={link} calls={traffic.get(link.name)} />;
  return <p className={classes.hint}>Select a service or a link to apply a fault.</p>;
}

function useCannotBreak(stack: StackStatus): string | undefined {
  const cannot = useLab(whyNotRun);
  return cannot ?? (stack.state === "up" ? undefined : "The stack is not up: bring it up first");
}

function ServiceBreaker({ stack, service }: { stack: StackStatus; service: ServiceStatus }) {
  const actions = useLabActions();
  const cannot = useCannotBreak(stack);
  const [busy, setBusy] = useState<string>();
  const [replicas, setReplicas] = useState<string>("all");
  const kinds = stack.faultKinds.filter(({ on }) => on === "service");
  const which = service.replicas > 1 ? { attributes: { replicas } } : {};
  const isBroken = service.faults.length > 0;
  const act = (name: string, work: () => Promise<unknown>) => {
    setBusy(name);
    void work().finally(() => setBusy(undefined));
  };
  return (
    <div className={classes.panel}>
      <Facts
        facts={[
          [
            "Service",
            <>
              <b>{service.name}</b> <span className={classes.soft}>{service.role}</span>
            </>,
          ],
          ["State", stateText(service, stack)],
          [
            "Output",
            <a key="output" href={formatRoute({ at: "service", service: service.name })}>
              Logs and details of {service.name}
            </a>,
          ],
          ...(service.address === null ? [] : [["Address", <code key="address">{service.address}</code>] as const]),
        ]}
      />
      <FaultList faults={service.faults} replicas={service.replicas} />
      {service.replicas > 1 && (
        <Select
          size="xs"
          label="Containers"
          data={[
            { value: "all", label: `All ${service.replicas} containers` },
            { value: "one", label: `One of ${service.replicas} containers` },
          ]}
          value={replicas}
          allowDeselect={false}
          onChange={(value) => setReplicas(value ?? "all")}
        />
      )}
      {kinds.length === 0 && (
        <p className={classes.soft}>It runs elsewhere: it is broken by its link, and is never stopped.</p>
      )}
      <div className={classes.buttons}>
        {kinds.map((kind) => (
          <ReasonedButton
            key={kind.kind}
            variant="default"
            loading={busy === kind.kind}
            disabledBecause={
              cannot ??
              whyAbsent(service, stack) ??
              (isBroken ? `A fault is already in force on ${service.name}: restore it first` : undefined)
            }
            hint={`${service.name} is ${kind.effect}; undone by: ${kind.undo}`}
            onClick={() => act(kind.kind, () => actions.fault({ kind: kind.kind, target: service.name, ...which }))}
            aria-label={`${capital(kind.kind)} ${service.name}`}
          >
            {capital(kind.kind)}
          </ReasonedButton>
        ))}
        {service.state === "stopped" && !isBroken && stack.state === "up" ? (
          <ReasonedButton
            variant="light"
            loading={busy === "start"}
            disabledBecause={cannot}
            onClick={() => act("start", () => actions.startService(service.name))}
          >
            Start
          </ReasonedButton>
        ) : (
          <RestoreButton target={service.name} isBroken={isBroken} isBusy={busy === "undo"} act={act} />
        )}
      </div>
    </div>
  );
}

/** A container that someone removed can neither be broken nor started; it is made with the stack. */
function whyAbsent({ name, state }: ServiceStatus, stack: StackStatus): string | undefined {
  if (state !== "absent" || stack.state !== "up") return undefined;
  return `The container of ${name} was removed: take the stack down and bring it up again`;
}

function LinkBreaker({ stack, link, calls }: { stack: StackStatus; link: LinkStatus; calls: LinkTraffic | undefined }) {
  const actions = useLabActions();
  const cannot = useCannotBreak(stack);
  const kinds = stack.faultKinds.filter(({ on }) => on === "link");
  const [chosen, setChosen] = useState<string | null>(kinds[0]?.kind ?? null);
  const [values, setValues] = useState<FaultValues>({});
  const [busy, setBusy] = useState<string>();
  const kind = kinds.find((each) => each.kind === chosen);
  const act = (name: string, work: () => Promise<unknown>) => {
    setBusy(name);
    void work().finally(() => setBusy(undefined));
  };
  const missing = kind?.attributes.find(({ name, required }) => required && (values[name] ?? "") === "");
  return (
    <div className={classes.panel}>
      <Facts
        facts={[
          [
            "Link",
            <>
              <b>{link.from}</b> calls <b>{link.to}</b>
            </>,
          ],
          ...(calls === undefined ? [] : [["Traffic", `${rateText(calls)}; ${trafficText(calls)}`] as const]),
          ...(link.address === null
            ? []
            : [["Callers use", <LinkAddress key="address" link={link.name} address={link.address} />] as const]),
        ]}
      />
      <FaultList faults={link.faults} replicas={0} />
      {kinds.length > 0 && (
        <div className={classes.form}>
          <Select
            size="xs"
            label="Fault"
            data={kinds.map((each) => each.kind)}
            value={chosen}
            allowDeselect={false}
            onChange={(value) => {
              setChosen(value);
              setValues({});
            }}
            description={kind?.effect}
          />
          {kind?.attributes.map((attribute) => (
            <FaultAttributeInput
              key={`${kind.kind} ${attribute.name}`}
              attribute={attribute}
              value={values[attribute.name] ?? ""}
              onChange={(value) => setValues({ ...values, [attribute.name]: value })}
            />
          ))}
        </div>
      )}
      <div className={classes.buttons}>
        <ReasonedButton
          variant="default"
          leftSection={<IconBolt size={14} aria-hidden />}
          loading={busy === "fault"}
          disabledBecause={cannot ?? whyNoFault(kind, missing?.name)}
          onClick={() =>
            kind !== undefined &&
            act("fault", () =>
              actions.fault({ kind: kind.kind, target: link.name, attributes: attributesOf(kind, values) }),
            )
          }
        >
          Break the link
        </ReasonedButton>
        <RestoreButton target={link.name} isBroken={link.faults.length > 0} isBusy={busy === "undo"} act={act} />
      </div>
    </div>
  );
}

function whyNoFault(kind: FaultKindInfo | undefined, missing: string | undefined): string | undefined {
  if (kind === undefined) return "Links cannot be broken: the stack has no fault proxy";
  return missing === undefined ? undefined : `Enter ${missing} first`;
}

interface RestoreProps {
  target: string;
  isBroken: boolean;
  isBusy: boolean;
  act: (name: string, work: () => Promise<unknown>) => void;
}

/** For what runs elsewhere: only who uses this address meets the faults of the link. */
export function LinkAddress({ link, address }: { link: string; address: string }) {
  return (
    <span className={classes.address}>
      <code>{address}</code>
      <CopyButton value={address}>
        {({ copied, copy }) => (
          <ReasonedButton
            size="compact-xs"
            variant="default"
            aria-label={`Copy the local address of ${link}`}
            hint="Put it into the caller's configuration in the place of the gateway's own address"
            onClick={copy}
          >
            {copied ? "Copied" : "Copy"}
          </ReasonedButton>
        )}
      </CopyButton>
    </span>
  );
}

function RestoreButton({ target, isBroken, isBusy, act }: RestoreProps) {
  const actions = useLabActions();
  return (
    <ReasonedButton
      variant={isBroken ? "filled" : "default"}
      leftSection={<IconArrowBackUp size={14} aria-hidden />}
      loading={isBusy}
      disabledBecause={isBroken ? undefined : "No fault is in force here"}
      onClick={() => act("undo", () => actions.undo(target))}
      aria-label={`Restore ${target}`}
    >
      Restore
    </ReasonedButton>
  );
}

function FaultList({ faults, replicas }: { faults: readonly FaultInForce[]; replicas: number }) {
  const nowMs = useLabNow(1_000, faults.length > 0);
  if (faults.length === 0) return null;
  return (
    <ul className={classes.faults}>
      {faults.map(({ id, kind, containers, isManual, runId, sinceWallMs, expiresWallMs }) => (
        <li key={id}>
          <ToneWord tone="fault">{kind}</ToneWord>
          {containers !== null && ` (${containers} of ${replicas} containers)`} for{" "}
          {formatDuration(Math.max(0, nowMs - sinceWallMs))},{" "}
          {runId === null ? "by `break` in a terminal" : isManual ? "manual" : "by a run"}, undone automatically in{" "}
          {formatDuration(Math.max(0, expiresWallMs - nowMs))}.{" "}
          {runId !== null && <a href={formatRoute({ at: "run", runId })}>Open the run</a>}
        </li>
      ))}
    </ul>
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1).replaceAll(/[_-]/g, " ");
}
