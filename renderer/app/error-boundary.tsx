import { Component, type ReactNode } from "react";
import { Failed } from "../ui/failed.tsx";
import { MissingPart } from "./fetch-part.ts";

/** Shows the error of a failed page and keeps the rest of the window usable. */
export class ErrorBoundary extends Component<{ children: ReactNode; place: string }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidUpdate(previous: { place: string }) {
    if (previous.place !== this.props.place && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Failed title="This page could not be shown" message={error.message}>
        <button
          type="button"
          onClick={() => (error instanceof MissingPart ? location.reload() : this.setState({ error: undefined }))}
        >
          Try again
        </button>
      </Failed>
    );
  }
}
