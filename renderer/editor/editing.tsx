import { Button, TextInput } from "@mantine/core";
import { IconCopy, IconDeviceFloppy, IconPlayerPlay } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Problem } from "../../electron/contract/errors.ts";
import type { BrokenScenario, BrokenScenarioText, ScenarioDetail } from "../../electron/contract/scenarios.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { DeleteFile } from "../scenarios/delete-file.tsx";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { notify, notifyFailure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { EDITOR_HINT_ID, type EditorHandle } from "./code-editor.ts";
import { createDrafts } from "./drafts.ts";
import classes from "./editor-page.module.css";
import { Preview } from "./preview.tsx";
import { ScenarioEditor } from "./scenario-editor.tsx";
import { isSuite, suiteNameOf, titleIn } from "./scenario-source.ts";
import type { KnownNames } from "./suggest.ts";
import { LeaveUnsaved, ReplaceScenario } from "./unsaved-dialogs.tsx";
import { useUnsavedGuard } from "./use-unsaved-guard.ts";
import { type Checked, useSchemaGuide, useValidation } from "./use-validation.ts";

const drafts = createDrafts(() => window.localStorage);
const SUITE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Cursor position kept when a new text is saved and reopened under its own address. */
let caretOnSaving: number | undefined;

function takeCaret(): number | undefined {
  const caret = caretOnSaving;
  caretOnSaving = undefined;
  return caret;
}

interface EditingProps {
  /** Key of its draft. */
  place: string;
  initial: string;
  /** The saved scenario; undefined for a new one. */
  detail: ScenarioDetail | undefined;
  /** The broken file that the text replaces when saved, if any. */
  broken: BrokenScenarioText | undefined;
}

/** Shows or edits one scenario. */
export function Editing({ place, initial, detail, broken }: EditingProps) {
  const { client } = useStores();
  const actions = useLabActions();
  const cannotRun = useLab(whyNotRun);
  const isShipped = detail?.origin === "shipped";
  const [opened, setOpened] = useState(() => {
    const draft = isShipped ? undefined : drafts.read(place);
    return { text: draft ?? initial, isDraft: draft !== undefined && draft !== initial };
  });
  const [source, setSource] = useState(opened.text);
  const [saved, setSaved] = useState(initial);
  const [suiteName, setSuiteName] = useState(() => suiteNameOfFirst(detail) || suiteNameOfFile(broken));
  const [asksToReplace, setAsksToReplace] = useState<"other" | "newer">();
  const [isSaving, setSaving] = useState(false);
  const refreshCatalogue = useLab((state) => state.refreshCatalogue);
  // A file that was fixed or deleted elsewhere meanwhile is not replaced.
  const replaced = useLab((state) => state.catalogue?.broken.find(({ name }) => name === broken?.name));
  const checked = withListed(useValidation(source), source === broken?.source ? replaced : undefined);
  const guide = useSchemaGuide();
  const names = useKnownNames();
  const marked = useMarked(checked);
  const editor = useRef<EditorHandle>(undefined);
  const [caret] = useState(takeCaret);
  const isChanged = source !== saved;
  const guard = useUnsavedGuard(isChanged);
  const isOfSuite = isSuite(source);

  useEffect(() => {
    if (isChanged) drafts.keep(place, source);
    else drafts.forget(place);
  }, [place, source, isChanged]);

  const goBack = () => {
    setSource(saved);
    setOpened({ text: saved, isDraft: false });
  };

  /** Whether the scenario was saved elsewhere meanwhile, such as in another window. */
  const isThereNewer = async () => {
    if (detail === undefined) return false;
    const there = await client.call.scenarios.get({ id: detail.id }).catch(() => undefined);
    return there !== undefined && there.source !== saved;
  };

  /** @param to route to open once saved */
  const save = async (replace: boolean, to?: string) => {
    setSaving(true);
    try {
      if (replace && asksToReplace === undefined && (await isThereNewer())) {
        guard.stay();
        setAsksToReplace("newer");
        return;
      }
      const { ids } = await client.call.scenarios.save({
        source,
        replace,
        ...(isOfSuite ? { suiteName } : {}),
        ...(replaced === undefined ? {} : { fixes: replaced.name }),
      });
      drafts.forget(place);
      setSaved(source);
      // The initial text is unchanged: with another one the editor is recreated, and the cursor is lost.
      setOpened(({ text }) => ({ text, isDraft: false }));
      setAsksToReplace(undefined);
      const isRenamed = detail !== undefined && !ids.includes(detail.id);
      const message = replaced === undefined ? ids.join(", ") : `${ids.join(", ")}, replacing ${replaced.name}`;
      notify("Saved", isRenamed ? `As ${ids.join(", ")}; ${detail.id} is unchanged.` : message);
      const [id] = ids;
      if (to !== undefined) guard.leave(to);
      else if (id !== undefined && id !== detail?.id) {
        caretOnSaving = editor.current?.caret();
        guard.leave(formatRoute({ at: "scenarios", scenarioId: id }));
      }
    } catch (error) {
      guard.stay();
      if (error instanceof LabFailure && error.code === "precondition" && !replace) setAsksToReplace("other");
      else notifyFailure("The scenario could not be saved", error);
      if (broken !== undefined) void refreshCatalogue();
    } finally {
      setSaving(false);
    }
  };

  /** Only the open scenario is overwritten without confirmation, not another one whose id was typed. */
  const replaces =
    detail?.origin === "user" &&
    (isOfSuite
      ? suiteName === suiteNameOfFirst(detail)
      : (checked.validation?.scenarios.some(({ id }) => id === detail.id) ?? true));
  const whyNotSave = isShipped
    ? "Shipped scenarios are read-only: customise a copy"
    : (whyNotSaveText(checked) ??
      (isOfSuite && !SUITE_NAME.test(suiteName)
        ? "Name the suite first: lower-case words joined by hyphens"
        : undefined));
  const trySave = () => {
    if (whyNotSave !== undefined) notifyFailure("Not saved", whyNotSave);
    else if (!isSaving && (isChanged || detail === undefined)) void save(replaces);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    trySave();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the shortcut applies to everything inside
    <div className={classes.editing} onKeyDown={onKeyDown}>
      <header>
        <h1>{titleIn(source) ?? detail?.title ?? broken?.name ?? "New scenario"}</h1>
        <span className={classes.state}>{stateText(detail, broken, isChanged)}</span>
        {isOfSuite && !isShipped && (
          <TextInput
            size="xs"
            aria-label="Name of the suite"
            placeholder="Name of the suite"
            value={suiteName}
            onChange={(event) => setSuiteName(event.currentTarget.value)}
          />
        )}
        {isShipped ? (
          <Button
            component="a"
            href={formatRoute({ at: "scenarios", scenarioId: detail.id, isCopy: true })}
            leftSection={<IconCopy size={14} aria-hidden />}
          >
            Customise a copy
          </Button>
        ) : (
          <ReasonedButton
            leftSection={<IconDeviceFloppy size={14} aria-hidden />}
            loading={isSaving}
            disabledBecause={whyNotSave ?? (isChanged || detail === undefined ? undefined : "No unsaved changes")}
            hint="Ctrl S"
            onClick={trySave}
          >
            Save
          </ReasonedButton>
        )}
        {detail !== undefined && (
          <ReasonedButton
            variant="default"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            disabledBecause={cannotRun ?? (isChanged ? "Save first: the saved version is run" : undefined)}
            onClick={() => void actions.start([detail.id])}
          >
            Run
          </ReasonedButton>
        )}
        {detail?.origin === "user" && (
          <DeleteFile
            title={detail.title}
            remove={() => client.call.scenarios.delete({ id: detail.id })}
            onDeleted={() => {
              drafts.forget(place);
              guard.leave(formatRoute({ at: "scenarios" }));
            }}
          >
            {isOfSuite ? "The suite's file and all of its cases are deleted." : "Its file is deleted."} Its runs stay in
            the history and can be repeated from there.
          </DeleteFile>
        )}
      </header>
      {opened.isDraft && isChanged && (
        <div className={classes.draft} role="status">
          <span>Your unsaved changes were restored.</span>
          <Button variant="default" onClick={goBack}>
            {detail === undefined && broken === undefined ? "Start over" : "Revert to saved"}
          </Button>
        </div>
      )}
      <div className={classes.split}>
        <div id="editor" tabIndex={-1} className={classes.editor}>
          <ScenarioEditor
            initial={opened.text}
            isReadOnly={isShipped}
            caret={caret}
            problems={marked}
            guide={guide}
            names={names}
            onChange={setSource}
            onSave={trySave}
            handle={editor}
          />
        </div>
        <Preview checked={checked} onProblem={(problem) => editor.current?.goTo(problem)} />
      </div>
      <footer id={EDITOR_HINT_ID}>
        {isShipped
          ? "Shipped with the lab, read-only. Customise a copy to change it."
          : "Ctrl Space: complete. F8: next problem. Esc, then Tab: leave the editor."}
      </footer>
      <ReplaceScenario
        whatIsThere={asksToReplace}
        isSaving={isSaving}
        onKeep={() => setAsksToReplace(undefined)}
        onReplace={() => void save(true)}
      />
      <LeaveUnsaved
        isOpen={guard.wanted !== undefined}
        isSaving={isSaving}
        whyNotSave={whyNotSave}
        onStay={guard.stay}
        onDiscard={() => {
          drafts.forget(place);
          guard.leave(guard.wanted ?? formatRoute({ at: "scenarios" }));
        }}
        onSave={() => void save(replaces, guard.wanted)}
      />
    </div>
  );
}

function useKnownNames(): KnownNames {
  const stack = useLab((state) => state.lab?.stack);
  return useMemo(() => {
    const services = stack?.services ?? [];
    const links = stack?.links.map(({ name }) => name) ?? [];
    const byRole = new Map(services.map(({ name, role }) => [name, `role:${role}`]));
    const inRoles = (link: string) => link.split("->").map((end) => byRole.get(end) ?? end);
    return {
      services: [...new Set([...services.map(({ name }) => name), ...byRole.values()])],
      links: [...new Set([...links, ...links.map((link) => inRoles(link).join("->"))])],
      linkFaults: stack?.faultKinds.filter(({ on }) => on === "link").map(({ kind }) => kind) ?? [],
      serviceFaults: stack?.faultKinds.filter(({ on }) => on === "service").map(({ kind }) => kind) ?? [],
      protections: stack?.protections.known ?? [],
    };
  }, [stack]);
}

/** What is wrong with the text, and what it names that the stack does not have: both are marked in it. */
function useMarked({ validation }: Checked): readonly Problem[] {
  return useMemo(() => [...(validation?.problems ?? []), ...(validation?.stackProblems ?? [])], [validation]);
}

/** A text that has just changed is not blocked: the lab validates it again before saving. */
function whyNotSaveText({ validation, isCurrent }: Checked): string | undefined {
  const [first] = validation?.problems ?? [];
  if (!isCurrent || first === undefined) return undefined;
  return `Fix the problems first: line ${first.line}, ${first.message}`;
}

function suiteNameOfFirst(detail: ScenarioDetail | undefined): string {
  return detail !== undefined && isSuite(detail.source) ? suiteNameOf(detail.id, detail.title) : "";
}

const NAME_OF_FILE = /^([a-z0-9]+(?:-[a-z0-9]+)*)\.ya?ml$/;

function suiteNameOfFile(broken: BrokenScenarioText | undefined): string {
  return NAME_OF_FILE.exec(broken?.name ?? "")?.[1] ?? "";
}

/** Problems of a file, such as an id used by another one, need not be problems of its text. */
function withListed(checked: Checked, listed: BrokenScenario | undefined): Checked {
  const { validation, isCurrent } = checked;
  if (listed === undefined || validation === undefined || !isCurrent || validation.problems.length > 0) return checked;
  return { ...checked, validation: { ...validation, problems: listed.problems } };
}

function stateText(
  detail: ScenarioDetail | undefined,
  broken: BrokenScenarioText | undefined,
  isChanged: boolean,
): string {
  if (detail?.origin === "shipped") return "Shipped";
  if (broken !== undefined && !isChanged) return `${broken.name}, not valid`;
  if (detail === undefined && broken === undefined) return "Not saved yet";
  return isChanged ? "Changed, not saved" : "Saved";
}
