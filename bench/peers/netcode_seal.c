// What sealing and opening a packet of netcode costs with libsodium, for netcode_bench.ts.
//
//     netcode_seal count bytes
//
// Prints microseconds per packet, for packets that are genuine and for forged ones.
#include "netcode.h"

enum { PACKETS = 256 };

static uint8_t key[KEY_BYTES], body[MAX_PAYLOAD_BYTES];
static uint8_t packets[PACKETS][MAX_PACKET_BYTES], out[MAX_PACKET_BYTES];
static size_t lengths[PACKETS];
static struct window window;
static uint64_t sequence;

int main(int argc, char **argv) {
  if (argc < 3 || sodium_init() < 0) return 2;
  int rounds = (atoi(argv[1]) + PACKETS - 1) / PACKETS;
  size_t bytes = atoi(argv[2]);
  if (bytes < 1 || bytes > MAX_PAYLOAD_BYTES) return 2;
  randombytes_buf(key, sizeof key);
  randombytes_buf(body, sizeof body);
  double seal_s = 0, open_s = 0, forged_s = 0;
  long opened = 0, refused = 0;
  for (int round = 0; round < rounds; round++) {
    double start = now_s();
    for (int i = 0; i < PACKETS; i++) {
      lengths[i] = seal_packet(TYPE_PAYLOAD, ++sequence, key, body, bytes, packets[i]);
    }
    double sealed = now_s();
    for (int i = 0; i < PACKETS; i++) opened += open_packet(packets[i], lengths[i], key, &window, out) > 0;
    double done = now_s();
    seal_s += sealed - start;
    open_s += done - sealed;
    // Under sequences that have not come, as replays are dropped before they are opened.
    for (int i = 0; i < PACKETS; i++) {
      lengths[i] = seal_packet(TYPE_PAYLOAD, ++sequence, key, body, bytes, packets[i]);
      packets[i][lengths[i] - 1] ^= 1;
    }
    start = now_s();
    for (int i = 0; i < PACKETS; i++) refused += open_packet(packets[i], lengths[i], key, &window, out) < 0;
    forged_s += now_s() - start;
  }
  long count = (long)rounds * PACKETS;
  if (opened != count || refused != count) return 1;
  printf("{\"sealUs\":%.4f,\"openUs\":%.4f,\"forgedUs\":%.4f}\n", seal_s / count * 1e6, open_s / count * 1e6,
         forged_s / count * 1e6);
  return 0;
}
