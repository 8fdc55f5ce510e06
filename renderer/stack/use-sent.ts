import { useEffect, useRef, useState } from "react";
import type { CallAnswer } from "../../electron/contract/calls.ts";
import { failureText } from "../lab-client/lab-failure.ts";

/** As many as fit into a line. */
const SHOWN_ANSWERS = 60;

export interface Sent extends CallAnswer {
  number: number;
  /** What was sent, in a word. */
  name: string;
}

/**
 * Sends something once, or again and again until it is switched off or its page is left: nothing goes on unseen.
 * @param ask resolves to undefined when there is nothing to send
 * @param isRepeatedAtFirst it goes on with what was begun elsewhere
 * @param everyMs between two beginnings; one that takes longer is waited for
 */
export function useSent(
  ask: () => Promise<(CallAnswer & { name: string }) | undefined>,
  everyMs: number,
  isRepeatedAtFirst = false,
) {
  const [answers, setAnswers] = useState<Sent[]>([]);
  const [failure, setFailure] = useState<string>();
  const [isSending, setSending] = useState(false);
  const [isRepeated, setRepeated] = useState(isRepeatedAtFirst);
  const lastNumber = useRef(0);
  const isShown = useRef(true);
  const send = async () => {
    setSending(true);
    try {
      const answer = await ask();
      if (!isShown.current || answer === undefined) return;
      const sent = { ...answer, number: ++lastNumber.current };
      setAnswers((before) => [...before, sent].slice(-SHOWN_ANSWERS));
      setFailure(undefined);
    } catch (error) {
      if (isShown.current) setFailure(failureText(error));
    } finally {
      setSending(false);
    }
  };
  const current = useRef(send);
  current.current = send;
  useEffect(() => {
    if (!isRepeated) return;
    let isOver = false;
    const repeat = async () => {
      while (!isOver) {
        await Promise.all([current.current(), new Promise((resolve) => setTimeout(resolve, everyMs))]);
      }
    };
    void repeat();
    return () => {
      isOver = true;
    };
  }, [isRepeated, everyMs]);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return { answers, failure, setFailure, isSending, isRepeated, send, setRepeated };
}
