import { useCallback, useEffect, useState } from "react";
import {
  type DescribedService,
  databaseLogin,
  describedHeader,
  type ProjectChanges,
  type ProjectDescription,
} from "../../electron/contract/stacks.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt, notify } from "../state/notify.tsx";

export type ServiceForm = Pick<DescribedService, "role" | "probe" | "headers" | "port">;
export type AddedLink = ProjectChanges["addLinks"][number];

/** The open project's services and links with what has been changed of them here and not saved yet. */
export function useDescription() {
  const { client } = useStores();
  const open = useLab((state) => `${state.lab?.stack.project} ${state.lab?.stack.isAttached}`);
  const [description, setDescription] = useState<ProjectDescription>();
  const [failure, setFailure] = useState<string>();
  const [changed, setChanged] = useState<ReadonlyMap<string, ServiceForm>>(new Map());
  const [addLinks, setAddLinks] = useState<readonly AddedLink[]>([]);
  const [removeLinks, setRemoveLinks] = useState<readonly string[]>([]);
  const [isSaving, setSaving] = useState(false);

  const load = useCallback(async () => {
    try {
      setDescription(await client.call.stacks.describe());
      setFailure(undefined);
    } catch (error) {
      setFailure(failureText(error));
    }
  }, [client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when another stack is open
  useEffect(() => void load(), [load, open]);

  const reset = () => {
    setChanged(new Map());
    setAddLinks([]);
    setRemoveLinks([]);
  };
  const save = async () => {
    if (description === undefined) return;
    setSaving(true);
    const services = [...changed].map(([name, form]) => {
      const { role, headers, port } = form;
      return { name, role, probe: isWritable(form.probe) ? writtenProbe(form.probe) : null, headers, port };
    });
    const { project, savedIn } = description;
    const changes = { project, services, addLinks: [...addLinks], removeLinks: [...removeLinks] };
    const saved = await attempt("What the services are for could not be saved", () =>
      client.call.stacks.saveDescription(changes),
    );
    if (saved !== undefined) {
      notify("Saved", savedIn);
      reset();
      await load();
    }
    setSaving(false);
  };

  return {
    description,
    failure,
    isSaving,
    changes: changed.size + addLinks.length + removeLinks.length,
    /** Why the changes cannot be saved. */
    problem: [...changed.values()].flatMap((form) => problemOf(form) ?? []).at(0),
    formOf: (service: DescribedService): ServiceForm => changed.get(service.name) ?? service,
    change(service: DescribedService, form: ServiceForm) {
      const next = new Map(changed);
      if (isSame(form, service)) next.delete(service.name);
      else next.set(service.name, form);
      setChanged(next);
    },
    /** Proposals become what is said. */
    confirm() {
      const proposed = (description?.services ?? []).filter(
        ({ saidIn, probe }) => saidIn === null && isWritable(probe),
      );
      setChanged(new Map([...proposed.map((each) => [each.name, each] as const), ...changed]));
      const added = new Set(addLinks.map(({ from, to }) => `${from}->${to}`));
      const links = (description?.links ?? []).filter(({ name, origin }) => origin !== "file" && !added.has(name));
      setAddLinks([...addLinks, ...links.flatMap(({ from, to, port }) => (port === null ? [] : [{ from, to, port }]))]);
    },
    addLinks,
    removeLinks,
    addLink: (link: AddedLink) => setAddLinks([...addLinks, link]),
    removeLink(name: string) {
      const isAdded = addLinks.some(({ from, to }) => `${from}->${to}` === name);
      if (isAdded) setAddLinks(addLinks.filter(({ from, to }) => `${from}->${to}` !== name));
      else setRemoveLinks([...removeLinks, name]);
    },
    reset,
    save,
  };
}

export type Description = ReturnType<typeof useDescription>;

/** A probe that only a file has, since it has a password in it, stays as it is there. */
export function isWritable({ is, login }: ServiceForm["probe"]): boolean {
  return is !== "postgres" || login !== null;
}

/** As it is saved and tried: without what belongs to another way of probing. */
export function writtenProbe({ is, path, login }: ServiceForm["probe"]): ServiceForm["probe"] {
  return { is, path: hasPath(is) ? (path ?? "/") : null, login: is === "postgres" ? login : null };
}

/** Why a form cannot be tried or saved; undefined when it can. */
export function problemOf({ probe, headers }: ServiceForm): string | undefined {
  if (probe.is === "postgres" && probe.login !== null && !databaseLogin.safeParse(probe.login).success) {
    return "Enter the user, the database and the variable that has the password";
  }
  if (hasPath(probe.is) && !(probe.path ?? "/").startsWith("/")) return "The path begins with /";
  return headers.every((each) => describedHeader.safeParse(each).success) ? undefined : "Correct the headers";
}

function isSame(one: ServiceForm, other: ServiceForm): boolean {
  const text = ({ role, probe, headers, port }: ServiceForm) =>
    JSON.stringify([role, writtenProbe(probe), headers, port]);
  return text(one) === text(other);
}

export function hasPath(is: ServiceForm["probe"]["is"]): boolean {
  return is === "mcp" || is === "http";
}
