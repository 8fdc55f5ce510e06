import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { goTo } from "../state/use-route.ts";
import classes from "./pull-trace.module.css";

/** Asks a Jaeger or a Tempo for one trace, and shows it. */
export function PullTrace({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { client } = useStores();
  const [address, setAddress] = useState("http://localhost:16686");
  const [traceId, setTraceId] = useState("");
  const [isWorking, setWorking] = useState(false);
  const pull = async (event: FormEvent) => {
    event.preventDefault();
    setWorking(true);
    const opened = await attempt("The trace could not be pulled", () =>
      client.call.traces.pull({ address: address.trim(), traceId: traceId.trim() }),
    );
    setWorking(false);
    if (opened === undefined) return;
    onClose();
    goTo({ at: "run", runId: opened.runId });
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title="Pull a trace" closeButtonProps={{ "aria-label": "Close" }}>
      <form className={classes.form} onSubmit={(event) => void pull(event)}>
        <TextInput
          label="Address of a Jaeger or a Tempo"
          value={address}
          maxLength={2_000}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <TextInput
          data-autofocus
          label="Id of the trace"
          value={traceId}
          maxLength={64}
          onChange={(event) => setTraceId(event.currentTarget.value)}
        />
        <Button type="submit" loading={isWorking} disabled={traceId.trim() === "" || address.trim() === ""}>
          Pull the trace
        </Button>
      </form>
    </Modal>
  );
}
