import { entropyOf, isCardNumber, isIban, isSocialSecurityNumber } from "./checksums.ts";
import { isHarmless, SECRET_NAMES } from "./secret-names.ts";

export interface SecretRule {
  /** Kind of the secret in its placeholder: lower-case words joined by hyphens. */
  kind: string;
  /** Source of the form. */
  source: string;
  /** In lower case: every match contains at least one of them. Empty: the rule is tried on any text with digits. */
  hints: readonly string[];
  /** The secret is the group `secret`, else the whole match. All repetitions are bounded. */
  pattern: RegExp;
  isSecret?(secret: string, groups: Record<string, string | undefined>): boolean;
}

const rule = (
  kind: string,
  source: string,
  hints: string,
  pattern: RegExp,
  isSecret?: SecretRule["isSecret"],
): SecretRule => ({
  kind,
  source,
  hints: hints === "" ? [] : hints.split(" "),
  pattern: new RegExp(pattern.source, `${pattern.flags}d`),
  ...(isSecret === undefined ? {} : { isSecret }),
});

/** A secret with its issuer's prefix, delimited by characters that cannot belong to it. */
const issued = (kind: string, source: string, hints: string, form: string): SecretRule =>
  rule(kind, source, hints, new RegExp(`(?<![A-Za-z0-9_])(?:${form})(?![A-Za-z0-9_])`, "g"));

/** An authentication scheme: not a secret itself, but followed by one. */
const SCHEME = /^(?:basic|bearer|digest|negotiate|ssws|token)$/i;

/** Headers and names whose value is a secret. */
const BY_NAME: readonly SecretRule[] = [
  rule(
    "private-key",
    "RFC 7468, OpenSSH PROTOCOL.key",
    "private",
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ),
  rule(
    "password-in-address",
    "RFC 3986, 3.2.1",
    "://",
    /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/?#"'<>]{0,200}:(?<secret>[^\s/"'<>]{1,400})@/gi,
    (secret) => !isHarmless("password", secret),
  ),
  rule(
    "authorization-header",
    "RFC 9110, 11.6.2",
    "authorization",
    /(?<![A-Za-z])(?:proxy-)?authorization\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?(?:[A-Za-z][\w-]{0,30}[ \t]{1,4})?(?<secret>[^\s"'\\,;[]{1,8192})/gi,
    (secret) => !isHarmless("authorization", secret) && !SCHEME.test(secret),
  ),
  rule(
    "cookie",
    "RFC 6265",
    "cookie",
    /(?<![A-Za-z])(?:set-)?cookie\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?(?<secret>[^\r\n"'\\[ ][^\r\n"'\\]{0,8191})/gi,
    (secret) => !isHarmless("cookie", secret),
  ),
  rule(
    "bearer-token",
    "RFC 6750",
    "bearer",
    /(?<![A-Za-z])bearer[ \t]{1,4}(?<secret>[A-Za-z0-9._~+/=-]{6,8192})/gi,
    (secret) => secret !== "REDACTED",
  ),
  rule(
    "basic-authorization",
    "RFC 7617",
    "basic",
    /(?<![A-Za-z])basic[ \t]{1,4}(?<secret>[A-Za-z0-9+/]{6,2048}={0,2})/gi,
    isUserAndPassword,
  ),
  rule(
    "docker-auth",
    "Docker's config.json, auths.*.auth",
    "auth",
    /\\?["']auth\\?["'][ \t]{0,4}:[ \t]{0,4}\\?["'](?<secret>[A-Za-z0-9+/]{6,2048}={0,2})/g,
    isUserAndPassword,
  ),
  rule("azure-sas", "Azure Storage, service SAS", "sig=", /[?&]sig=(?<secret>[A-Za-z0-9%+/=_-]{20,200})/gi),
  rule(
    "webhook-signature",
    "Slack, verifying requests",
    "v0=",
    /(?<![A-Za-z0-9])v0=(?<secret>[0-9a-f]{64})(?![0-9a-f])/gi,
  ),
  rule(
    "webhook-address",
    "Slack, incoming webhooks",
    "hooks.slack",
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<secret>[^\s"'<>\\[]{1,400})/gi,
  ),
  rule(
    "webhook-address",
    "Discord, webhook resource",
    "webhooks/",
    /discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/(?<secret>[\w-]{20,200})/gi,
  ),
  rule("ssws-token", "Okta, API tokens", "ssws", /(?<![A-Za-z])SSWS[ \t]{1,4}(?<secret>[\w-]{20,200})/g),
  rule(
    "password-in-prose",
    "our own: passwords in prose",
    "passw passphrase passcode",
    // A full stop after the value belongs to the sentence.
    /\b(?:passwords?|passwort|passphrase|passcode)[ \t]{1,3}(?:(?<verb>is|was|equals|to)[ \t]{1,3}|=[ \t]{0,3}|:[ \t]{0,3})?["'`“]?(?<secret>[^\s"'`“”,;:=()[\]{}<>]{4,200}?)(?=[.!?]?(?:$|[\s"'`”,;)]))/gi,
    (secret, { verb }) => isWrittenPassword(secret, verb),
  ),
  rule(
    "named-secret",
    "our own: names of variables, fields and options",
    "secret token passwd password passphrase api-key api_key apikey access-key access_key accesskey account-key account_key accountkey private-key private_key privatekey signing-key signing_key signingkey credential pwd -signature",
    new RegExp(
      `(?<![\\w.-])(?<name>[\\w.-]{0,60}?(?:${SECRET_NAMES})[\\w.-]{0,60}|pwd|[\\w.-]{1,60}-signature)` +
        "(?:\\\\?[\"']?[ \\t]{0,4}[:=][ \\t]{0,4}|(?<=--[\\w-]{1,120})[ \\t]{1,4})" +
        '(?:\\\\"(?<a>(?:(?!\\\\").){0,8192})|"(?<b>[^"\\n]{0,8192})|\'(?<c>[^\'\\n]{0,8192})|(?<d>[^\\s"\'\\\\,;&)\\]}[{][^\\s"\'\\\\,;&]{0,8192}))',
      "gi",
    ),
    // Without quotes a bracket after the value is matched as part of it.
    (secret, { name = "" }) =>
      !isHarmless(name, secret) && !isHarmless(name, secret.replace(/[)\]}]{1,20}$/, "")) && !SCHEME.test(secret),
  ),
];

/** Secrets with an issuer's prefix. */
const BY_MARK: readonly SecretRule[] = [
  issued(
    "aws-access-key-id",
    "AWS IAM, unique identifiers",
    "akia asia abia acca",
    "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
  ),
  issued("aws-session-token", "AWS STS", "iqojb3jpz2lux2vj", "IQoJb3JpZ2luX2Vj[A-Za-z0-9+/=]{20,4096}"),
  issued("google-api-key", "Google Cloud, API keys", "aiza", "AIza[\\w-]{30,60}"),
  issued("google-oauth-token", "Google identity, OAuth 2.0", "ya29.", "ya29\\.[\\w-]{20,2048}"),
  issued("google-refresh-token", "Google identity, OAuth 2.0", "1//0", "1//0[\\w-]{30,200}"),
  issued("google-client-secret", "Google identity, OAuth clients", "gocspx-", "GOCSPX-[\\w-]{20,60}"),
  issued("sendgrid-key", "SendGrid, API keys", "sg.", "SG\\.[\\w-]{16,32}\\.[\\w-]{16,64}"),
  rule(
    "azure-account-key",
    "Azure Storage, account keys",
    "key=",
    /(?:AccountKey|SharedAccessKey)=(?<secret>[A-Za-z0-9+/]{40,100}={0,2})/gi,
  ),
  rule(
    "azure-client-secret",
    "Microsoft Entra, client secrets",
    "q~",
    /(?<![\w~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~-])/g,
  ),
  rule("vault-token", "Vault, tokens", "hvs. hvb. hvr.", /(?<![\w.])hv[sbr]\.[\w-]{20,400}/g),
  rule("vault-token", "Vault before 1.10, tokens", "s. b.", /(?<![\w./-])[sb]\.[A-Za-z0-9]{24}(?![\w.])/g, isMixed),
  rule("telegram-bot-token", "Telegram, bot API", ":aa", /(?<![A-Za-z0-9])\d{8,10}:AA[\w-]{32,34}(?![\w-])/g),
  issued("twilio-key", "Twilio, API keys and account SIDs", "sk ac", "(?:SK|AC)[0-9a-f]{32}"),
  issued("docker-token", "Docker Hub, access tokens", "dckr_pat_ dckr_oat_", "dckr_(?:pat|oat)_[\\w-]{20,80}"),
  rule(
    "slack-token",
    "Slack, token types",
    "xox xapp-",
    /(?<![A-Za-z0-9])(?:xox[a-z](?:\.[a-z]{1,4})?|xapp)-[A-Za-z0-9-]{4,400}/gi,
  ),
  issued(
    "github-token",
    "GitHub, token formats",
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
    "gh[pousr]_[A-Za-z0-9_]{20,250}|github_pat_\\w{20,250}",
  ),
  issued(
    "gitlab-token",
    "GitLab, token overview",
    "glpat- gldt- glrt- glptt- glcbt-",
    "gl(?:pat|dt|rt|ptt|cbt)-[\\w.-]{16,250}",
  ),
  issued("npm-token", "npm, access tokens", "npm_", "npm_[A-Za-z0-9]{30,250}"),
  issued("pypi-token", "PyPI, API tokens", "pypi-ageichlwas5vcmc pypi-ageiy", "pypi-AgEI[\\w-]{50,400}"),
  issued("rubygems-key", "RubyGems, API keys", "rubygems_", "rubygems_[0-9a-f]{48}"),
  issued("huggingface-token", "Hugging Face, access tokens", "hf_ api_org_", "(?:hf|api_org)_[A-Za-z0-9]{20,250}"),
  issued("ai-provider-key", "OpenAI, Anthropic, OpenRouter, DeepSeek: keys", "sk-", "sk-[\\w-]{16,250}"),
  issued(
    "ai-provider-key",
    "Groq, Perplexity, xAI, Replicate: keys",
    "gsk_ pplx- xai- r8_",
    "gsk_[A-Za-z0-9]{40,80}|pplx-[A-Za-z0-9]{40,80}|xai-[A-Za-z0-9]{60,120}|r8_[A-Za-z0-9]{37}",
  ),
  issued(
    "stripe-key",
    "Stripe, API keys",
    "sk_ rk_ pk_ whsec_",
    "(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,250}|whsec_[A-Za-z0-9+/=]{16,250}",
  ),
  issued("square-token", "Square, access tokens", "eaaa sq0", "EAAA[\\w-]{60}|sq0(?:atp|csp)-[\\w-]{22,60}"),
  issued("shopify-token", "Shopify, access tokens", "shp", "shp(?:at|ca|pa|ss|ua)_[A-Fa-f0-9]{32,64}"),
  issued("json-web-token", "RFC 7519", "eyj", "eyJ[\\w-]{6,8192}\\.[\\w-]{4,16384}\\.[\\w-]{0,8192}"),
  issued("discord-token", "Discord, bot tokens", "m n o", "[MNO][A-Za-z\\d]{23,27}\\.[\\w-]{6}\\.[\\w-]{27,45}"),
  issued("mailgun-key", "Mailgun, API keys", "key-", "(?:pub)?key-[0-9a-f]{32}"),
  issued("mailchimp-key", "Mailchimp, API keys", "-us", "[0-9a-f]{32}-us\\d{1,2}"),
  issued(
    "newrelic-key",
    "New Relic, API keys",
    "nrak- nrjs- nrii- nral",
    "NR(?:AK|JS|II|AL)-[A-Za-z0-9_-]{19,60}|[0-9a-f]{36}NRAL",
  ),
  issued(
    "grafana-token",
    "Grafana, service accounts",
    "glsa_ glc_",
    "glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2}",
  ),
  issued(
    "sentry-token",
    "Sentry, auth tokens",
    "sntrys_ sntryu_",
    "sntryu_[0-9a-f]{64}|sntrys_[A-Za-z0-9+/=_-]{40,400}",
  ),
  issued("linear-key", "Linear, API keys", "lin_api_ lin_oauth_", "lin_(?:api|oauth)_[A-Za-z0-9_]{32,128}"),
  issued("notion-token", "Notion, integrations", "ntn_", "ntn_[A-Za-z0-9]{40,60}"),
  issued("airtable-token", "Airtable, personal access tokens", "pat", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
  issued(
    "atlassian-token",
    "Atlassian, API tokens",
    "atatt3 atctt3",
    "AT(?:ATT|CTT)3[\\w-]{40,400}(?:=[A-F0-9a-zA-Z]{8})?",
  ),
  issued("digitalocean-token", "DigitalOcean, tokens", "dop_v1_ doo_v1_ dor_v1_", "do[opr]_v1_[0-9a-f]{64}"),
  issued("databricks-token", "Databricks, access tokens", "dapi", "dapi[0-9a-f]{32}(?:-\\d)?"),
  issued("terraform-token", "HCP Terraform, API tokens", ".atlasv1.", "[A-Za-z0-9]{14}\\.atlasv1\\.[\\w-]{60,80}"),
  issued("postman-key", "Postman, API keys", "pmak-", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
  issued(
    "doppler-token",
    "Doppler, auth tokens",
    "dp.",
    "dp\\.(?:pt|st|ct|sa|scim|audit)\\.(?:[\\w-]{1,40}\\.)?[A-Za-z0-9]{40,44}",
  ),
  issued("pulumi-token", "Pulumi, access tokens", "pul-", "pul-[0-9a-f]{40}"),
  issued(
    "planetscale-token",
    "PlanetScale, passwords and tokens",
    "pscale_",
    "pscale_(?:pw|tkn|oauth)_[\\w.=-]{32,64}",
  ),
  issued("figma-token", "Figma, access tokens", "figd_", "figd_[\\w-]{40,200}"),
  issued(
    "tailscale-key",
    "Tailscale, key prefixes",
    "tskey-",
    "tskey-[a-z]{2,20}-[0-9A-Za-z_]{8,40}-[0-9A-Za-z_]{16,60}",
  ),
  issued(
    "cloudflare-token",
    "Cloudflare, token formats",
    "cfk_ cfut_ cfat_",
    "(?:cfk|cfut|cfat)_[A-Za-z0-9]{40}[0-9a-f]{8}",
  ),
  issued("vercel-token", "Vercel, token formats", "vcp_ vci_ vca_ vcr_ vck_", "vc[piark]_[A-Za-z0-9]{20,60}"),
  issued("flyio-token", "Fly.io, access tokens", "fo1_ fm1", "fo1_[\\w-]{43}|fm1[ar]_[A-Za-z0-9+/=]{60,400}"),
  issued("onepassword-token", "1Password, service accounts", "ops_", "ops_ey[A-Za-z0-9+/=]{100,1280}"),
  issued("age-secret-key", "age, file format", "age-secret-key-1", "AGE-SECRET-KEY-1[A-Z0-9]{58}"),
  issued("facebook-token", "Meta, access tokens", "eaa", "EAA[A-Za-z0-9]{80,400}"),
  issued("dropbox-token", "Dropbox, short-lived tokens", "sl.", "sl\\.(?:u\\.)?[\\w-]{100,2048}"),
  rule(
    "aws-secret-key",
    "AWS IAM, secret access keys: 40 characters of base64 without a prefix, recognised by their entropy",
    "",
    /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_-])/g,
    (secret) => isMixed(secret) && entropyOf(secret) >= 4.3 && !isPath(secret),
  ),
];

/** Personal data, recognised by form and checksums. */
const PERSONAL: readonly SecretRule[] = [
  rule(
    "email",
    "RFC 5321, without quoted forms",
    "@",
    /(?<![A-Za-z0-9._%+-]|\/\/)[A-Za-z0-9_%+](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g,
    (secret) => !/^git@|\.(?:png|jpe?g|gif|svg|webp|avif|[cm]?[jt]sx?|css|json|ya?ml|local|internal)$/i.test(secret),
  ),
  rule(
    "us-ssn",
    "Social Security Administration, number randomization",
    "",
    /(?<![A-Za-z0-9.-])\d{3}([- ])\d{2}\1\d{4}(?![A-Za-z0-9-]|\.\d)/g,
    isSocialSecurityNumber,
  ),
  rule(
    "us-ssn",
    "the same, named",
    "ssn social",
    /\b(?:ssn|social security(?: number| no\.?)?)\\?["']?[ \t]{0,3}(?:is|:|=|#)?[ \t]{0,3}\\?["']?(?<secret>\d{9})(?!\d)/gi,
    isSocialSecurityNumber,
  ),
  rule(
    "iban",
    "ISO 13616",
    "",
    /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    isIban,
  ),
  rule(
    "card-number",
    "ISO/IEC 7812",
    "",
    // In the groups that are printed on cards, or in none; those of a UUID differ.
    /(?<![A-Za-z0-9.]|[0-9a-f]{4}-)(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9]|\.\d)/g,
    isCardNumber,
  ),
  rule(
    "phone",
    "ITU-T E.164",
    "+",
    /(?<![A-Za-z0-9+/=.:_-])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,6}(?![A-Za-z0-9+/=])/g,
    (secret) => /^\d{8,15}$/.test(secret.replaceAll(/\D/g, "")),
  ),
  rule(
    "phone",
    "North American Numbering Plan",
    "",
    /(?<![A-Za-z0-9.+/=_-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([-.]))[2-9]\d{2}(?:\1|-)\d{4}(?![A-Za-z0-9-]|\.\d)/g,
  ),
];

/** In order of precedence: an earlier rule wins. */
export const SECRET_RULES: readonly SecretRule[] = [...BY_NAME, ...BY_MARK, ...PERSONAL];

function isUserAndPassword(encoded: string): boolean {
  return /^[\x20-\x7e]+:[\x20-\x7e]*$/.test(Buffer.from(encoded, "base64").toString("latin1"));
}

function isMixed(text: string): boolean {
  return /[A-Z]/.test(text) && /[a-z]/.test(text) && /\d/.test(text);
}

/** A path of folder names: parts of letters, in lower case, upper case or capitalised. */
function isPath(text: string): boolean {
  const parts = text.split("/").filter((part) => part !== "");
  return parts.length > 2 && parts.every((part) => /^[A-Z]?[a-z]+(?:[A-Z][a-z]+)*\d{0,3}$/.test(part));
}

/** Words that describe a password. */
const SAID_OF_PASSWORDS = new Set(
  `required wrong invalid incorrect expired missing empty weak strong hashed encrypted stored reset correct valid optional hidden
  redacted unknown needed secret changed accepted refused rejected leaked rotated shared generated there here also never always
  about above different identical equal longer shorter known only still then than true false null none undefined very what that
  this your their yours ours theirs mine been being sent shown kept read written used unused protected checked masked blank
  case-sensitive case-insensitive exposed published random`.split(/\s+/),
);

/** `verb`: between the word "password" and the value; without one the value must not be an ordinary word. */
function isWrittenPassword(value: string, verb: string | undefined): boolean {
  if (isHarmless("password", value)) return false;
  const isWord = /^[A-Za-z][a-z'-]*$/.test(value);
  if (!isWord) return value.length >= 6 && /\d|[!@#$%^&*?~+_]/.test(value) && /[A-Za-z]/.test(value);
  return /^(?:is|was|equals)$/i.test(verb ?? "") && value.length >= 6 && !SAID_OF_PASSWORDS.has(value.toLowerCase());
}
