import { IconArrowLeft } from "@tabler/icons-react";
import type { ProjectDescription } from "../../electron/contract/stacks.ts";
import { useLab } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { LinkForm } from "./link-form.tsx";
import { ServiceFormRow } from "./service-form.tsx";
import classes from "./services-page.module.css";
import { useDescription } from "./use-description.ts";

/** What the services of the open project are taken for, to be corrected. */
export default function ServicesPage() {
  const form = useDescription();
  const { description, failure } = form;
  return (
    <div className={classes.page}>
      <a href={formatRoute({ at: "stacks" })} className={classes.back}>
        <IconArrowLeft size={14} aria-hidden /> Stacks
      </a>
      <h1>Services{description !== undefined && ` of ${description.project}`}</h1>
      {failure !== undefined && <Failure title="There is nothing to describe" text={failure} />}
      {failure === undefined && description === undefined && <Loading what="Asking the engine and the services" />}
      {description !== undefined && failure === undefined && (
        <>
          <p className={classes.help}>
            The lab takes each service for what its image, its name and its answers suggest. Correct what is wrong: it
            is saved in <code>{description.savedIn}</code>, and no other file is changed.
          </p>
          <ul className={classes.list}>
            {description.services.map((service) => (
              <ServiceFormRow
                key={service.name}
                service={service}
                form={form.formOf(service)}
                onChange={(changed) => form.change(service, changed)}
              />
            ))}
          </ul>
          <section aria-labelledby="links-title">
            <h2 id="links-title">Links</h2>
            <p className={classes.help}>
              Who calls whom. Each can be slowed, cut or answered for without touching a service.
            </p>
            {description.unseen.map((each) => (
              <p key={each} className={classes.help}>
                Not known: {each}.
              </p>
            ))}
            <LinkForm description={description} form={form} />
          </section>
          <Actions form={form} hasProposals={hasProposals(description)} />
        </>
      )}
    </div>
  );
}

function hasProposals({ services, links }: ProjectDescription): boolean {
  return services.some(({ saidIn }) => saidIn === null) || links.some(({ origin }) => origin !== "file");
}

function Actions({ form, hasProposals }: { form: ReturnType<typeof useDescription>; hasProposals: boolean }) {
  const cannot = useLab(whyNotRun);
  const isRunInProgress = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const { changes } = form;
  const busy = isRunInProgress ? "A run is in progress: cancel it first" : cannot;
  const because = changes === 0 ? "Nothing has been changed" : (form.problem ?? busy);
  return (
    <div className={classes.actions}>
      <ReasonedButton disabledBecause={because} loading={form.isSaving} onClick={() => void form.save()}>
        {changes === 0 ? "Save" : `Save ${changes} ${changes === 1 ? "change" : "changes"}`}
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        disabledBecause={hasProposals ? undefined : "Nothing is only proposed"}
        hint="Keeps them as they are now, whatever answers at the next start"
        onClick={form.confirm}
      >
        Confirm the proposals
      </ReasonedButton>
      <ReasonedButton
        variant="subtle"
        disabledBecause={changes === 0 ? "Nothing has been changed" : undefined}
        onClick={form.reset}
      >
        Discard
      </ReasonedButton>
    </div>
  );
}
