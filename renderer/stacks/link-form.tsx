import { Select } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { DescribedLink, ProjectDescription } from "../../electron/contract/stacks.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./services-page.module.css";
import type { Description } from "./use-description.ts";

const ORIGIN: Record<DescribedLink["origin"], string> = {
  file: "",
  configuration: "found in an environment or a command",
  connection: "a connection was seen when the project was opened",
};

/** The links of a project: those that were found or seen, and those that a person adds. */
export function LinkForm({ description, form }: { description: ProjectDescription; form: Description }) {
  const added = form.addLinks.map(({ from, to, port }) => ({
    name: `${from}->${to}`,
    from,
    to,
    port,
    origin: "file" as const,
  }));
  const gone = [...form.removeLinks, ...added.map(({ name }) => name)];
  const links = [...description.links.filter(({ name }) => !gone.includes(name)), ...added];
  return (
    <>
      <ul className={classes.links}>
        {links.map(({ name, from, to, port, origin }) => (
          <li key={name}>
            <span>
              {from} → {to}
              {port !== null && `:${port}`}
            </span>
            <span className={classes.origin}>
              {port === null && origin === "file" ? "by the project's fault proxy" : ORIGIN[origin]}
            </span>
            {origin === "file" && port !== null && (
              <ReasonedButton
                size="compact-xs"
                variant="subtle"
                aria-label={`Remove the link ${name}`}
                onClick={() => form.removeLink(name)}
              >
                <IconTrash size={14} aria-hidden />
              </ReasonedButton>
            )}
          </li>
        ))}
      </ul>
      <AddLink description={description} form={form} taken={links.map(({ name }) => name)} />
    </>
  );
}

function AddLink({
  description,
  form,
  taken,
}: {
  description: ProjectDescription;
  form: Description;
  taken: string[];
}) {
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [port, setPort] = useState<string | null>(null);
  const callee = description.services.find(({ name }) => name === to);
  const names = description.services.map(({ name }) => name);
  const because =
    from === null || to === null || port === null
      ? "Choose who calls, who answers, and at which port"
      : from === to
        ? "A service does not call itself over a link"
        : taken.includes(`${from}->${to}`)
          ? "This link is there already"
          : undefined;
  const add = () => {
    if (from === null || to === null || port === null) return;
    form.addLink({ from, to, port: Number(port) });
    setTo(null);
    setPort(null);
  };
  const chooseCallee = (name: string | null) => {
    setTo(name);
    const ports = description.services.find((each) => each.name === name)?.ports ?? [];
    setPort(ports.length === 1 ? String(ports[0]) : null);
  };
  return (
    <div className={classes.fields}>
      <Select size="xs" label="Caller" data={names} value={from} onChange={setFrom} />
      <Select size="xs" label="Callee" data={names} value={to} onChange={chooseCallee} />
      <Select
        size="xs"
        label="Port of the callee"
        data={callee?.ports.map(String) ?? []}
        value={port}
        nothingFoundMessage="Its image names no port"
        onChange={setPort}
      />
      <ReasonedButton size="xs" variant="default" disabledBecause={because} onClick={add}>
        Add link
      </ReasonedButton>
    </div>
  );
}
