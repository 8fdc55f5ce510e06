import { Button } from "@mantine/core";
import type { SessionDetail } from "../../electron/contract/sessions.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt, Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import list from "../ui/list-detail.module.css";
import { Loading } from "../ui/states.tsx";
import { SessionEvaluation } from "./session-evaluation.tsx";
import classes from "./sessions-page.module.css";
import { useSession } from "./use-sessions.ts";

/** The conversation of a session, and what can be done with it. */
export function SessionDetails({ id }: { id: string }) {
  const { value: session, failure } = useSession(id);
  if (failure !== undefined) return <Failure title="This session could not be loaded" text={failure} />;
  if (session === undefined) return <Loading what="Loading the session" />;
  const { name, droppedSpans, droppedLogs, warnings, tokens, services } = session;
  return (
    <section className={list.panel} aria-label="Session">
      <header className={classes.head}>
        <h2>{visibleLine(name)}</h2>
        <Keep session={session} />
      </header>
      <p className={classes.facts}>
        {services.join(", ") || "no service named"}
        {tokens !== null && ` · ${tokens.input} tokens in, ${tokens.output} out`}
      </p>
      {droppedSpans + droppedLogs > 0 && (
        <p className={classes.warning}>
          {droppedSpans} spans and {droppedLogs} logs were not kept: there were too many
        </p>
      )}
      <Conversation session={session} />
      {warnings.length > 0 && (
        <ul className={classes.warnings} aria-label="Not understood">
          {warnings.slice(0, 10).map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <SessionEvaluation id={id} />
    </section>
  );
}

function Conversation({ session: { conversation } }: { session: SessionDetail }) {
  if (conversation.length === 0) return <p className={classes.facts}>No turn of an agent yet.</p>;
  return (
    <ol className={classes.turns} aria-label="Conversation">
      {conversation.map(({ id, userText, toolUses, finalResponse }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an agent may give two turns the same id
        <li key={`${index} ${id}`}>
          <p className={classes.user}>{userText || "(no text)"}</p>
          {toolUses.map((use, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same call may be made twice
            <p key={at} className={classes.tool}>
              <code>{`${use.name}(${JSON.stringify(use.arguments)})`}</code>
              {use.response !== null && <span>{use.response.slice(0, 300)}</span>}
            </p>
          ))}
          {finalResponse !== "" && <p>{finalResponse}</p>}
        </li>
      ))}
    </ol>
  );
}

function Keep({ session: { id, runId } }: { session: SessionDetail }) {
  const { client } = useStores();
  if (runId !== null) return <a href={formatRoute({ at: "run", runId })}>Open its run</a>;
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => void attempt("The session was not kept", () => client.call.sessions.keep({ id }))}
    >
      Keep as a run
    </Button>
  );
}
