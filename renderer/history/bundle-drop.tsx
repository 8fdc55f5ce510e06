import { IconFileImport, IconFileX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useLab } from "../state/lab-context.tsx";
import { tellFailure } from "../state/tell.tsx";
import classes from "./bundle-drop.module.css";
import { useBundleImport } from "./bundle-import.tsx";
import { whyNoBundles } from "./use-bundles.ts";

/** A bundle may be dropped on any page. A dropped file never takes the window away from the lab, bundle or not. */
export function BundleDrop() {
  const whyNot = useLab(whyNoBundles);
  const bundleImport = useBundleImport();
  const [isOver, setOver] = useState(false);
  const latest = useRef({ whyNot, take: bundleImport.take, isBusy: bundleImport.isBusy });
  latest.current = { whyNot, take: bundleImport.take, isBusy: bundleImport.isBusy };

  useEffect(() => {
    // Every element under the pointer tells of its own entering and leaving: only the sum says whether it has left.
    let depth = 0;
    const become = (next: number) => {
      depth = Math.max(0, next);
      setOver(depth > 0);
    };
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onEnter = (event: DragEvent) => hasFiles(event) && become(depth + 1);
    const onLeave = (event: DragEvent) => hasFiles(event) && become(depth - 1);
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const { whyNot: because, isBusy } = latest.current;
      if (event.dataTransfer !== null)
        event.dataTransfer.dropEffect = because === undefined && !isBusy ? "copy" : "none";
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      become(0);
      const files = [...(event.dataTransfer?.files ?? [])];
      const { whyNot: because, isBusy, take } = latest.current;
      if (because !== undefined) tellFailure("Nothing was imported", because);
      else if (isBusy) tellFailure("Nothing was imported", "another import is still going on");
      else if (files.length > 0) take(files);
    };
    window.addEventListener("dragenter", onEnter);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("dragover", onOver);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragenter", onEnter);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("drop", onDrop);
    };
  }, []);

  return (
    <>
      {isOver && (
        <div className={classes.veil} data-testid="bundle-drop">
          <div className={classes.words} data-refused={whyNot !== undefined || undefined}>
            {whyNot === undefined ? <IconFileImport size={30} aria-hidden /> : <IconFileX size={30} aria-hidden />}
            <b>{whyNot === undefined ? "Drop a bundle to import its runs" : "No bundle can be imported"}</b>
            <span>{whyNot ?? "It is verified first; nothing of a damaged one is taken in"}</span>
          </div>
        </div>
      )}
      {bundleImport.dialog}
    </>
  );
}
