import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash, X509Certificate } from "node:crypto";
import { createSelfSignedCertificate } from "./self_signed_certificate.ts";

Deno.test("createSelfSignedCertificate() makes what browsers take by its hash", async () => {
  const { cert, hash } = await createSelfSignedCertificate();
  const x509 = new X509Certificate(cert);
  assertEquals(
    createHash("sha256").update(x509.raw).digest("hex"),
    hash.toHex(),
  );
  assertEquals(x509.issuer, x509.subject);
  assert(x509.verify(x509.publicKey));
  assertEquals(x509.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  const fromMs = Date.parse(x509.validFrom);
  const toMs = Date.parse(x509.validTo);
  assert(fromMs < Date.now() && toMs > Date.now() + 11 * 86_400_000);
  assert(toMs - fromMs < 14 * 86_400_000);
});

Deno.test("createSelfSignedCertificate() is for the hosts that it is given", async () => {
  const { cert } = await createSelfSignedCertificate({
    hosts: ["play.example.com", "203.0.113.7", "2001:db8::7"],
  });
  assertEquals(
    new X509Certificate(cert).subjectAltName,
    "DNS:play.example.com, IP Address:203.0.113.7, IP Address:2001:db8::7",
  );
});

Deno.test("createSelfSignedCertificate() refuses what is no host", async () => {
  for (const host of ["", "a b", "münchen.de", "http://a", "a".repeat(254)]) {
    await assertRejects(
      () => createSelfSignedCertificate({ hosts: [host] }),
      TypeError,
      `must be a name or an IP address: current value is "${host}"`,
    );
  }
});
