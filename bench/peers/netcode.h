// The sealed packets of netcode 1.02 with libsodium: prefix, sequence, sealed body, tag, and the
// window that drops replays. No handshake: both ends of a measurement know the keys.
#ifndef NETCODE_H
#define NETCODE_H

#include <sodium.h>
#include "load.h"

#define PROTOCOL_ID 0x7469636b77697265ULL

enum {
  TYPE_PAYLOAD = 5,
  TAG_BYTES = 16,
  KEY_BYTES = 32,
  MAX_PAYLOAD_BYTES = 1200,
  MAX_PACKET_BYTES = 1 + 8 + MAX_PAYLOAD_BYTES + TAG_BYTES,
  BINDING_BYTES = 13 + 8 + 1,
  WINDOW = 256,
};

/** Which sequences have come: the newest, and one more than each of the last 256. */
struct window {
  uint64_t newest, seen[WINDOW];
};

static void put_u64(uint8_t *bytes, uint64_t value) {
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

/** Version, protocol id and prefix. */
static void bind_packet(uint8_t *binding, uint8_t prefix) {
  memcpy(binding, "NETCODE 1.02", 13);
  put_u64(binding + 13, PROTOCOL_ID);
  binding[21] = prefix;
}

static void make_nonce(uint8_t *nonce, uint64_t sequence) {
  memset(nonce, 0, 4);
  put_u64(nonce + 4, sequence);
}

/** Writes a packet, and returns its length. */
static size_t seal_packet(int type, uint64_t sequence, const uint8_t *key, const uint8_t *body, size_t bytes,
                          uint8_t *out) {
  uint8_t binding[BINDING_BYTES], nonce[12];
  size_t at = 1;
  uint64_t rest = sequence;
  do {
    out[at++] = (uint8_t)rest;
    rest >>= 8;
  } while (rest > 0);
  out[0] = (uint8_t)((at - 1) << 4 | type);
  bind_packet(binding, out[0]);
  make_nonce(nonce, sequence);
  crypto_aead_chacha20poly1305_ietf_encrypt(out + at, NULL, body, bytes, binding, sizeof binding, NULL, nonce, key);
  return at + bytes + TAG_BYTES;
}

static int is_replay(const struct window *w, uint64_t sequence) {
  if (w->newest >= WINDOW && sequence <= w->newest - WINDOW) return 1;
  return w->seen[sequence % WINDOW] > sequence;
}

/** Reads a payload packet; returns the length of its body, -1 if it is dropped. */
static long open_packet(const uint8_t *packet, size_t bytes, const uint8_t *key, struct window *w, uint8_t *out) {
  if (bytes < 1 + 1 + TAG_BYTES || (packet[0] & 15) != TYPE_PAYLOAD) return -1;
  size_t count = packet[0] >> 4;
  if (count < 1 || count > 8 || bytes < 1 + count + TAG_BYTES) return -1;
  uint64_t sequence = 0;
  for (size_t i = count; i > 0; i--) sequence = sequence << 8 | packet[i];
  if (is_replay(w, sequence)) return -1;
  size_t body_bytes = bytes - 1 - count - TAG_BYTES;
  if (body_bytes < 1 || body_bytes > MAX_PAYLOAD_BYTES) return -1;
  uint8_t binding[BINDING_BYTES], nonce[12];
  bind_packet(binding, packet[0]);
  make_nonce(nonce, sequence);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, packet + 1 + count, bytes - 1 - count, binding,
                                                sizeof binding, nonce, key) != 0) {
    return -1;
  }
  if (sequence > w->newest) w->newest = sequence;
  w->seen[sequence % WINDOW] = sequence + 1;
  return (long)body_bytes;
}

#endif
