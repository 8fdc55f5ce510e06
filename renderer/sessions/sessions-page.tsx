import { IconBroadcast } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { SessionList, SessionSummary } from "../../electron/contract/sessions.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { Failure } from "../state/notify.tsx";
import { useLabNow } from "../state/use-now.ts";
import { Facts } from "../ui/facts.tsx";
import list from "../ui/list-detail.module.css";
import { Empty, Loading } from "../ui/states.tsx";
import { ago } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import { SessionDetails } from "./session-details.tsx";
import classes from "./sessions-page.module.css";
import { useSessions } from "./use-sessions.ts";

/** Sessions of agents that send their spans to the lab without a scenario. */
export default function SessionsPage() {
  const { value, failure } = useSessions();
  const [openId, setOpenId] = useState<string>();
  if (failure !== undefined) return <Failure title="Sessions could not be loaded" text={failure} />;
  if (value === undefined) return <Loading what="Loading sessions" />;
  const { sessions, limitReached, addresses, received } = value;
  const open = sessions.find(({ id }) => id === openId) ?? sessions[0];
  return (
    <div className={classes.page}>
      <h1>Live sessions</h1>
      <Addresses addresses={addresses} />
      <p className={classes.received}>{receivedText(received)}</p>
      {limitReached !== null && (
        <p className={classes.warning} role="alert">
          {limitReached}
        </p>
      )}
      {open === undefined ? (
        <div className={list.panel}>
          <Empty title="No session yet" icon={<IconBroadcast size={22} aria-hidden />}>
            Point an agent's OpenTelemetry at an address above: what it does appears here, and you can break the stack
            meanwhile.
          </Empty>
        </div>
      ) : (
        <div className={classes.both}>
          <section className={list.panel} aria-label="Sessions">
            <ul className={classes.list}>
              {sessions.map((session) => (
                <li key={session.id}>
                  <SessionRow session={session} isOpen={session.id === open.id} onOpen={() => setOpenId(session.id)} />
                </li>
              ))}
            </ul>
          </section>
          <SessionDetails key={open.id} id={open.id} />
        </div>
      )}
    </div>
  );
}

/** Also of runs: a sender that is refused is noticed here. */
function receivedText({ spans, logs, points, refused, rejected }: SessionList["received"]): string {
  const parts = [count(spans, "span"), count(logs, "log"), `${count(points, "data point")} of metrics, not kept`];
  if (refused > 0) parts.push(`${count(refused, "request")} refused`);
  if (rejected > 0) parts.push(`${count(rejected, "record")} not taken`);
  return `Received since the lab started: ${parts.join(", ")}`;
}

function Addresses({ addresses }: { addresses: SessionList["addresses"] }) {
  const { http, grpc, containers, needsToken, problem } = addresses;
  return (
    <section className={classes.addresses} aria-label="Where to send spans">
      {http === null ? (
        <p className={classes.warning}>Nothing is received{problem !== null && `: ${problem}`}.</p>
      ) : (
        <>
          <Facts
            facts={[
              ["Agents on this machine", <code key="http">OTEL_EXPORTER_OTLP_ENDPOINT={http}</code>],
              ["Over gRPC", <code key="grpc">{grpc}</code>],
              ...(containers.length === 0 ? [] : [ofContainers(containers)]),
            ]}
          />
          {needsToken && <p>They need the token: the header “authorization: Bearer TOKEN”.</p>}
          {problem !== null && <p className={classes.warning}>{problem}</p>}
        </>
      )}
    </section>
  );
}

interface SessionRowProps {
  session: SessionSummary;
  isOpen: boolean;
  onOpen: () => void;
}

function SessionRow({ session, isOpen, onOpen }: SessionRowProps) {
  const nowMs = useLabNow(5_000);
  const { name, isComplete, isReopened, startedWallMs, turns, toolCalls, tokens, spans } = session;
  const state = isComplete ? "complete" : isReopened ? "live again" : "live";
  return (
    <button type="button" className={`${list.row} ${classes.row}`} aria-current={isOpen || undefined} onClick={onOpen}>
      <span className={list.name}>{visibleLine(name)}</span>
      <ToneBadge tone={isComplete ? "neutral" : "up"}>{state}</ToneBadge>
      <small>
        {`${count(turns, "turn")}, ${count(toolCalls, "tool call")}, ${count(spans, "span")}`}
        {tokens !== null && `, ${count(tokens.input + tokens.output, "token")}`}
        {startedWallMs > 0 && `, ${ago(startedWallMs, nowMs)}`}
      </small>
    </button>
  );
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

function ofContainers(addresses: readonly string[]): [string, ReactNode] {
  const listed = addresses.map((address) => <code key={address}>{address}</code>);
  return [
    "Containers of the open project",
    <span key="containers" className={classes.several}>
      {listed}
    </span>,
  ];
}
