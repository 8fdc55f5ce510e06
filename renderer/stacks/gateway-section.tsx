import { Textarea, TextInput } from "@mantine/core";
import { IconWorld } from "@tabler/icons-react";
import { useState } from "react";
import type { GatewayAddress, StackChoice } from "../../electron/contract/stacks.ts";
import { faultsInForce } from "../state/in-force.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { useChoices } from "./choices-context.ts";
import { gatewayIn } from "./gateway-form.ts";
import { StackRow } from "./stack-row.tsx";
import classes from "./stacks-page.module.css";
import { useOpenStack } from "./use-open-stack.ts";

/** MCP gateways that run elsewhere: those that were opened before, and a new one. */
export function GatewaySection() {
  const { choices } = useChoices();
  const { open, gateways } = choices;
  return (
    <section aria-labelledby="gateways-title">
      <h2 id="gateways-title">A gateway by its address</h2>
      <p className={classes.help}>
        An MCP gateway that runs elsewhere. It is called and its link is broken, by a local address that leads to it;
        nothing is stopped there.
      </p>
      <ul className={classes.list}>
        {gateways.map((gateway) => (
          <GatewayRow key={JSON.stringify(gateway)} gateway={gateway} open={open} />
        ))}
      </ul>
      <GatewayForm />
    </section>
  );
}

function GatewayRow({ gateway: { url, headers }, open }: { gateway: GatewayAddress; open: StackChoice }) {
  const { client } = useStores();
  const { refresh } = useChoices();
  const isOpen = open.is === "gateway" && open.url === url;
  const local = useLab((state) =>
    isOpen ? state.lab?.stack.links.find((link) => link.address !== null)?.address : null,
  );
  const names = Object.keys(headers);
  const forget = async () => {
    await attempt(`${url} could not be removed from the list`, () => client.call.stacks.forget({ is: "gateway", url }));
    await refresh();
  };
  return (
    <StackRow
      choice={{ is: "gateway", url, headers }}
      isOpen={isOpen}
      icon={<IconWorld size={18} aria-hidden />}
      name={url}
      actions={
        isOpen ? undefined : (
          <ReasonedButton variant="subtle" aria-label={`Remove ${url} from the list`} onClick={() => void forget()}>
            Remove
          </ReasonedButton>
        )
      }
    >
      {local != null && (
        <span>
          Callers use <code>{local}</code>
        </span>
      )}
      {names.length > 0 && <span>With {names.map((name) => `${name}: ${headers[name]}`).join(", ")}</span>}
    </StackRow>
  );
}

function GatewayForm() {
  const [url, setUrl] = useState("");
  const [headers, setHeaders] = useState("");
  // What is being typed is not wrong yet.
  const [left, setLeft] = useState({ url: false, headers: false });
  const cannot = useLab(whyNotRun);
  const isRunInProgress = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const faults = useLab((state) => faultsInForce(state.lab).length);
  const { open, isOpening } = useOpenStack();
  const { gateway, problems } = gatewayIn(url, headers);
  const because =
    cannot ??
    (isRunInProgress ? "A run is in progress: cancel it first" : undefined) ??
    (gateway === undefined ? (problems.url ?? problems.headers ?? "Enter its address") : undefined);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (gateway !== undefined && because === undefined) void open({ is: "gateway", ...gateway });
      }}
    >
      <TextInput
        size="xs"
        label="Address"
        placeholder="https://gateway.example.com/mcp"
        value={url}
        error={left.url ? problems.url : undefined}
        onBlur={() => setLeft({ ...left, url: true })}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <Textarea
        size="xs"
        label="Headers, one in a line"
        description="Values are variables of the environment that the lab was started in. Only their names are stored."
        placeholder="Authorization=Bearer ${GATEWAY_TOKEN}"
        autosize
        minRows={1}
        maxRows={6}
        value={headers}
        error={left.headers ? problems.headers : undefined}
        onBlur={() => setLeft({ ...left, headers: true })}
        onChange={(event) => setHeaders(event.currentTarget.value)}
      />
      <ReasonedButton
        type="submit"
        size="xs"
        variant="default"
        loading={isOpening}
        disabledBecause={because}
        aria-label="Connect to the gateway"
      >
        {faults > 0 ? "Restore and connect" : "Connect"}
      </ReasonedButton>
    </form>
  );
}
