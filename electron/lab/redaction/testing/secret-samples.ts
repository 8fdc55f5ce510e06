import type { RandomText } from "./random-text.ts";

export interface SecretSample {
  /** Its issuer's name for it. */
  what: string;
  /** A text, and the part of it that must be redacted. */
  make(random: RandomText): { text: string; secret: string };
}

function sample(
  what: string,
  secretOf: (random: RandomText) => string,
  around = "sent @ and got an answer",
): SecretSample {
  return {
    what,
    make(random) {
      const secret = secretOf(random);
      return { text: around.replace("@", () => secret), secret };
    },
  };
}

function inside(what: string, secretOf: (random: RandomText) => string, before: string, after = ""): SecretSample {
  return {
    what,
    make(random) {
      const secret = secretOf(random);
      return { text: `${before}${secret}${after}`, secret };
    },
  };
}

/** The check digit by Luhn's algorithm. */
function withLuhn(digits: string): string {
  for (let last = 0; last < 10; last++) {
    const all = [...`${digits}${last}`].reverse().map(Number);
    const sum = all.reduce(
      (total, digit, place) => total + (place % 2 === 0 ? digit : ([0, 2, 4, 6, 8, 1, 3, 5, 7, 9][digit] ?? 0)),
      0,
    );
    if (sum % 10 === 0) return `${digits}${last}`;
  }
  return digits;
}

/** The check digits of an IBAN, computed with BigInt. */
function withIbanCheck(country: string, account: string): string {
  const digits = [...`${account}${country}00`].map((each) => Number.parseInt(each, 36)).join("");
  return `${country}${String(98n - (BigInt(digits) % 97n)).padStart(2, "0")}${account}`;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/**
 * The known form of each issuer's secrets, independent of the rules that find them. The values are generated on demand: none
 * of them is in a file.
 */
export const SECRET_SAMPLES: readonly SecretSample[] = [
  sample("AWS access key id", (r) => `AKIA${r.of("base32", 16)}`),
  sample("AWS secret key, bare", (r) => `aK7${r.of("base64", 36)}Z`),
  inside("AWS secret key, named", (r) => r.of("base64", 40), "AWS_SECRET_ACCESS_KEY="),
  inside("AWS session token", (r) => `IQoJb3JpZ2luX2Vj${r.of("base64", 180)}`, '{"SessionToken":"', '"}'),
  sample("Google API key", (r) => `AIza${r.of("url", 34)}A`),
  sample("Google OAuth access token", (r) => `ya29.a0${r.of("url", 120)}`),
  sample("Google OAuth client secret", (r) => `GOCSPX-${r.of("url", 28)}`),
  sample("SendGrid key", (r) => `SG.${r.of("url", 22)}.${r.of("url", 43)}`),
  inside(
    "Azure storage account key",
    (r) => `${r.of("base64", 86)}==`,
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=",
    ";EndpointSuffix=core.windows.net",
  ),
  inside(
    "Azure shared access signature",
    (r) => `${r.of("alnum", 43)}%3D`,
    "https://x.blob.core.windows.net/c?sv=2022-11-02&se=2026-01-01&sig=",
    "&sp=r",
  ),
  sample("Azure client secret", (r) => `${r.of("alnum", 3)}8Q~${r.of("alnum", 34)}`),
  sample("Vault service token", (r) => `hvs.${r.of("url", 91)}a`),
  sample("Vault token of an older server", (r) => `s.${r.of("alnum", 22)}7k`),
  sample("Telegram bot token", (r) => `6${r.of("digits", 9)}:AA${r.of("url", 32)}z`),
  sample("Twilio API key", (r) => `SK${r.of("hex", 32)}`),
  sample("Twilio account", (r) => `AC${r.of("hex", 32)}`),
  inside(
    "Docker registry auth",
    (r) => base64(`ann:${r.of("alnum", 14)}`),
    '{"auths":{"registry.example.com":{"auth":"',
    '"}}}',
  ),
  sample("Docker access token", (r) => `dckr_pat_${r.of("url", 26)}a`),
  inside("password in prose", (r) => `${r.of("lower", 6)}${r.of("digits", 3)}!`, "the password is ", " and ask ann"),
  inside("password in prose, a word", () => "swordfish", "my password is "),
  sample("e-mail address", (r) => `${r.of("lower", 7)}.${r.of("lower", 5)}@${r.of("lower", 6)}.com`),
  sample("social security number", (r) => `5${r.of("digits", 2)}-4${r.of("digits", 1)}-7${r.of("digits", 3)}`),
  inside(
    "social security number without dashes",
    (r) => `5${r.of("digits", 2)}4${r.of("digits", 1)}7${r.of("digits", 3)}`,
    "SSN: ",
  ),
  sample("IBAN of Germany", (r) => withIbanCheck("DE", r.of("digits", 18))),
  sample("IBAN in groups", (r) => withIbanCheck("GB", `NWBK${r.of("digits", 14)}`).replaceAll(/(.{4})(?=.)/g, "$1 ")),
  sample("phone, international", (r) => `+49 30 ${r.of("digits", 4)}${r.of("digits", 3)}`),
  sample("phone, US", (r) => `(415) 5${r.of("digits", 2)}-${r.of("digits", 4)}`),
  sample("phone, US with dashes", (r) => `415-5${r.of("digits", 2)}-${r.of("digits", 4)}`),
  sample("payment card", (r) => withLuhn(`4${r.of("digits", 14)}`)),
  sample("payment card in groups", (r) =>
    withLuhn(`5${1 + r.below(5)}${r.of("digits", 13)}`).replaceAll(/(.{4})(?=.)/g, "$1 "),
  ),
  sample("GitHub token", (r) => `ghp_${r.of("alnum", 36)}`),
  sample("GitHub fine-grained token", (r) => `github_pat_${r.of("alnum", 22)}_${r.of("alnum", 59)}`),
  sample("GitLab token", (r) => `glpat-${r.of("url", 20)}`),
  sample("npm token", (r) => `npm_${r.of("alnum", 36)}`),
  sample("PyPI token", (r) => `pypi-AgEIcHlwaS5vcmc${r.of("url", 70)}`),
  sample("RubyGems key", (r) => `rubygems_${r.of("hex", 48)}`),
  sample("Hugging Face token", (r) => `hf_${r.of("alnum", 34)}`),
  sample("OpenAI key", (r) => `sk-proj-${r.of("url", 74)}T3BlbkFJ${r.of("url", 73)}a`),
  sample("Anthropic key", (r) => `sk-ant-api03-${r.of("url", 93)}AA`),
  sample("Groq key", (r) => `gsk_${r.of("alnum", 52)}`),
  sample("Perplexity key", (r) => `pplx-${r.of("alnum", 48)}`),
  sample("Replicate token", (r) => `r8_${r.of("alnum", 37)}`),
  sample("Stripe secret key", (r) => `sk_live_${r.of("alnum", 24)}`),
  sample("Stripe webhook secret", (r) => `whsec_${r.of("alnum", 32)}`),
  sample("Square token", (r) => `EAAA${r.of("url", 59)}a`),
  sample("Shopify token", (r) => `shpat_${r.of("hex", 32)}`),
  sample("JSON web token", (r) => `eyJ${r.of("url", 20)}.eyJ${r.of("url", 40)}.${r.of("url", 42)}a`),
  sample("Slack bot token", (r) => `xoxb-${r.of("digits", 12)}-${r.of("digits", 12)}-${r.of("alnum", 24)}`),
  inside(
    "Slack webhook",
    (r) => `T${r.of("upperAlnum", 9)}/B${r.of("upperAlnum", 9)}/${r.of("alnum", 24)}`,
    "https://hooks.slack.com/services/",
  ),
  sample("Discord bot token", (r) => `MT${r.of("alnum", 24)}.${r.of("url", 6)}.${r.of("url", 37)}a`),
  inside("Discord webhook", (r) => r.of("url", 68), "https://discord.com/api/webhooks/123456789012345678/"),
  sample("Mailgun key", (r) => `key-${r.of("hex", 32)}`),
  sample("Mailchimp key", (r) => `${r.of("hex", 32)}-us12`),
  sample("New Relic key", (r) => `NRAK-${r.of("upperAlnum", 27)}`),
  sample("Grafana service account token", (r) => `glsa_${r.of("alnum", 32)}_${r.of("hex", 8)}`),
  sample("Sentry token", (r) => `sntryu_${r.of("hex", 64)}`),
  sample("Linear key", (r) => `lin_api_${r.of("alnum", 40)}`),
  sample("Notion token", (r) => `ntn_${r.of("digits", 11)}${r.of("alnum", 35)}`),
  sample("Airtable token", (r) => `pat${r.of("alnum", 14)}.${r.of("hex", 64)}`),
  sample("Atlassian token", (r) => `ATATT3xFfGF0${r.of("url", 179)}=${r.of("upperAlnum", 8)}`),
  sample("DigitalOcean token", (r) => `dop_v1_${r.of("hex", 64)}`),
  sample("Databricks token", (r) => `dapi${r.of("hex", 32)}`),
  sample("Terraform Cloud token", (r) => `${r.of("alnum", 14)}.atlasv1.${r.of("alnum", 67)}`),
  sample("Postman key", (r) => `PMAK-${r.of("hex", 24)}-${r.of("hex", 34)}`),
  sample("Doppler token", (r) => `dp.pt.${r.of("alnum", 43)}`),
  sample("Pulumi token", (r) => `pul-${r.of("hex", 40)}`),
  sample("PlanetScale password", (r) => `pscale_pw_${r.of("url", 42)}a`),
  sample("Figma token", (r) => `figd_${r.of("url", 40)}`),
  sample("Tailscale key", (r) => `tskey-auth-${r.of("alnum", 17)}-${r.of("alnum", 32)}`),
  sample("Fly.io token", (r) => `fo1_${r.of("url", 42)}a`),
  sample("age secret key", (r) => `AGE-SECRET-KEY-1${r.of("upperAlnum", 58)}`),
  sample("Facebook token", (r) => `EAAG${r.of("alnum", 120)}`),
  sample("Dropbox token", (r) => `sl.${r.of("url", 134)}a`),
  inside("password in an address", (r) => r.of("alnum", 12), "postgres://lab:", "@db.internal:5432/audit"),
  inside("bearer token", (r) => r.of("alnum", 24), "Authorization: Bearer "),
  inside("basic authorization", (r) => base64(`lab:${r.of("alnum", 10)}`), "authorization: Basic "),
  inside("session cookie", (r) => r.of("alnum", 30), "Cookie: sid="),
  inside("named secret in JSON", (r) => r.of("alnum", 16), '{"client_secret":"', '"}'),
  inside("named secret of an option", (r) => r.of("alnum", 16), "run --api-key ", " --fast"),
  inside("private key", (r) => r.of("base64", 64), "-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----"),
];
