/** The files of a bundle, wherever they are packed. Their paths are those of the manifest. */
export interface BundleSource {
  readonly paths: ReadonlySet<string>;
  /** Unpacked. */
  readonly totalBytes: number;
  /** The unpacked bytes of a file. @throws BundleProblem when it is not there or cannot be read */
  read(path: string): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}
