import { CopyButton } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { ServiceInstance, ServiceStatus, StackStatus } from "../../electron/contract/stack.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { Facts } from "../ui/facts.tsx";
import { Failed } from "../ui/failed.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { LinkAddress } from "./break-panel.tsx";
import { SendCall } from "./send-call.tsx";
import { SendPrompt } from "./send-prompt.tsx";
import { ServiceLogs } from "./service-logs.tsx";
import classes from "./service-page.module.css";

const REFRESH_MS = 3_000;
const MIB = 1024 * 1024;

/** One service of the stack: what runs it, what that uses now, and what it prints. */
export default function ServicePage({ name }: { name: string }) {
  const stack = useLab((state) => state.lab?.stack);
  if (stack === undefined) return <Loading what="Loading the stack" />;
  const service = stack.services.find((each) => each.name === name);
  if (service === undefined) {
    return (
      <Failed title="No such service" message={`The stack that is open, ${stack.project}, has no service ${name}`}>
        <a href={formatRoute({ at: "stacks" })}>Open another stack</a>
      </Failed>
    );
  }
  return (
    <div className={classes.page}>
      <a href={formatRoute({ at: "lab" })} className={classes.back}>
        <IconArrowLeft size={14} aria-hidden /> Lab
      </a>
      <header className={classes.head}>
        <h1>{name}</h1>
        <span>{service.role}</span>
        <ToneWord tone={service.health}>{service.health}</ToneWord>
        <span>{service.reason}</span>
      </header>
      <Address service={service} />
      {stack.state === "up" ? (
        <>
          <Entrances service={name} stack={stack} />
          <Instances service={name} />
          {isCalled(service, stack) && <SendCall />}
          {service.role === "agent" && <SendPrompt />}
          <ServiceLogs service={name} />
        </>
      ) : (
        <Failed title={`${stack.project} is not up`} message="It has neither processes nor logs.">
          <a href={formatRoute({ at: "lab" })}>Bring it up on the Lab page</a>
        </Failed>
      )}
    </div>
  );
}

/** As the lab's own calls are sent: to the gateway, or to the only MCP server of a stack that has none. */
function isCalled({ role }: ServiceStatus, { services }: StackStatus): boolean {
  if (role === "gateway") return true;
  const count = (wanted: string) => services.filter((each) => each.role === wanted).length;
  return role === "mcp-server" && count("gateway") === 0 && count("mcp-server") === 1;
}

function Address({ service: { address, name } }: { service: ServiceStatus }) {
  if (address === null) return null;
  return (
    <div className={classes.address}>
      <code>{address}</code>
      <CopyButton value={address}>
        {({ copied, copy }) => (
          <ReasonedButton size="compact-xs" variant="default" aria-label={`Copy the address of ${name}`} onClick={copy}>
            {copied ? "Copied" : "Copy"}
          </ReasonedButton>
        )}
      </CopyButton>
    </div>
  );
}

/** What callers outside the stack are to be configured with. */
function Entrances({ service, stack }: { service: string; stack: StackStatus }) {
  return stack.links.map(({ name, to, address }) =>
    to !== service || address === null ? null : (
      <p key={name} className={classes.entrance}>
        It runs elsewhere, and the lab's process forwards to it. Callers that use{" "}
        <LinkAddress link={name} address={address} /> are on the link {name}, which can be broken: put the address into
        their configuration.
      </p>
    ),
  );
}

function Instances({ service }: { service: string }) {
  const { instances, failure } = useInstances(service);
  if (failure !== undefined) return <Failure title="The details cannot be read" text={failure} />;
  if (instances === undefined) return <Loading what="Asking what runs it" />;
  return (
    <section aria-label="What runs it" className={classes.instances}>
      {instances.map((each) => (
        <article key={each.name} aria-label={each.name}>
          <h2>{each.name}</h2>
          <Facts facts={factsOf(each)} />
        </article>
      ))}
    </section>
  );
}

function factsOf(instance: ServiceInstance): [string, string][] {
  const { program, state, startedWallMs, restarts, ports, networks, cpuPercent, memoryBytes } = instance;
  const facts: [string, string | undefined][] = [
    ["Runs", program],
    ["State", state],
    ["Started", startedWallMs === null ? undefined : `${formatDuration(Date.now() - startedWallMs)} ago`],
    ["Restarts", restarts === null ? undefined : String(restarts)],
    ["Ports", ports.join(", ") || undefined],
    [
      "Networks",
      networks.map(({ name, address }) => (address === "" ? name : `${name} ${address}`)).join(", ") || undefined,
    ],
    ["CPU", cpuPercent === null ? undefined : `${cpuPercent.toFixed(1)} % of a processor`],
    ["Memory", memoryBytes === null ? undefined : `${(memoryBytes / MIB).toFixed(1)} MiB`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function useInstances(service: string) {
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const [instances, setInstances] = useState<ServiceInstance[]>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    if (!isConnected) return;
    const scope = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const found = await client.call.stack.instances({ service }, { signal: scope.signal });
        if (scope.signal.aborted) return;
        setInstances(found);
        setFailure(undefined);
      } catch (error) {
        if (scope.signal.aborted) return;
        setFailure(failureText(error));
      }
      timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    void ask();
    return () => {
      scope.abort();
      clearTimeout(timer);
    };
  }, [client, service, isConnected]);
  return { instances, failure };
}
