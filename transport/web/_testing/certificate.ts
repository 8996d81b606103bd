/** A certificate that its own key has signed, good for `serverCertificateHashes`. */
export interface TestCertificate {
  /** The certificate, in PEM. */
  readonly cert: string;
  /** Its key, in PEM. */
  readonly key: string;
  /** Its SHA-256 hash. */
  readonly hash: Uint8Array<ArrayBuffer>;
}

const DAY_MS = 86_400_000;
/** Browsers take no certificate by its hash that is valid for longer than 14 days. */
const VALID_DAYS = 10;
const OID_ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const OID_COMMON_NAME = [0x55, 0x04, 0x03];
const OID_ALT_NAME = [0x55, 0x1d, 0x11];

/**
 * Makes a certificate for 127.0.0.1 and localhost: X.509 version 3 (RFC 5280), ECDSA on
 * P-256 with SHA-256.
 */
export async function makeCertificate(): Promise<TestCertificate> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const pkcs8 = new Uint8Array(
    await crypto.subtle.exportKey("pkcs8", privateKey),
  );
  const algorithm = sequence(tlv(0x06, OID_ECDSA_WITH_SHA256));
  const name = sequence(
    tlv(
      0x31,
      sequence(tlv(0x06, OID_COMMON_NAME), tlv(0x0c, ascii("localhost"))),
    ),
  );
  const altNames = sequence(
    tlv(0x82, ascii("localhost")),
    tlv(0x87, [127, 0, 0, 1]),
  );
  // A bit of the past, for clocks that differ.
  const startMs = Date.now() - DAY_MS;
  const body = sequence(
    tlv(0xa0, tlv(0x02, [2])),
    integer(crypto.getRandomValues(new Uint8Array(8))),
    algorithm,
    name,
    sequence(utcTime(startMs), utcTime(startMs + VALID_DAYS * DAY_MS)),
    name,
    [...spki],
    tlv(
      0xa3,
      sequence(sequence(tlv(0x06, OID_ALT_NAME), tlv(0x04, altNames))),
    ),
  );
  const signature = new Uint8Array(
    await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      privateKey,
      Uint8Array.from(body),
    ),
  );
  const points = sequence(
    integer(signature.subarray(0, 32)),
    integer(signature.subarray(32)),
  );
  const der = Uint8Array.from(
    sequence(body, algorithm, tlv(0x03, [0, ...points])),
  );
  return {
    cert: pem("CERTIFICATE", der),
    key: pem("PRIVATE KEY", pkcs8),
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", der)),
  };
}

function tlv(tag: number, value: readonly number[]): number[] {
  const { length } = value;
  if (length < 0x80) return [tag, length, ...value];
  if (length < 0x100) return [tag, 0x81, length, ...value];
  return [tag, 0x82, length >> 8, length & 0xff, ...value];
}

function sequence(...parts: readonly (readonly number[])[]): number[] {
  return tlv(0x30, parts.flat());
}

/** An INTEGER of 0 or more, as short as it may be. */
function integer(bytes: Uint8Array): number[] {
  const digits = [...bytes];
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  if (digits[0]! >= 0x80) digits.unshift(0);
  return tlv(0x02, digits);
}

function utcTime(ms: number): number[] {
  const text = new Date(ms).toISOString().replace(/^..|[-:T]|\.\d+/g, "");
  return tlv(0x17, ascii(text));
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function pem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
