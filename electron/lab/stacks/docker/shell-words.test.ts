import { expect, test } from "vitest";
import { shellWords } from "./shell-words.ts";

test.each([
  ["node server.mjs --port 80", ["node", "server.mjs", "--port", "80"]],
  ["  sh -c 'echo \"hi\"  there' ", ["sh", "-c", 'echo "hi"  there']],
  ['echo "a \\"b\\" $c" d\\ e', ["echo", 'a "b" $c', "d e"]],
  ["--name='a b'c", ["--name=a bc"]],
  ["a '' b", ["a", "", "b"]],
  ["", []],
])("%j", (text, words) => expect(shellWords(text)).toEqual(words));
