// A flood at a server of netcode, for netcode_bench.ts: in turns a forged payload, a request with
// a token that nobody issued, and a copy of a request that has been good.
//
//     netcode_flood server-port per-second request-in-hex client-port:sequence...
//
// As root it sends from the clients' addresses and, what no client sends, from anywhere in
// 127.0.0.0/8; otherwise from sockets of its own. With server-port 0 all of it goes to a socket
// of its own that nobody reads: what the sending alone costs. It prints which, answers a line
// of standard input with how many have left, and ends when standard input does.
//
// A payload is forged as by somebody who sees what passes: with a sequence that its client has
// nearly come to, as any other is dropped before it is opened.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include "load.h"

enum {
  REQUEST_BYTES = 1078,
  SEALED_TOKEN_AT = 54,
  FORGED_BYTES = 1 + 8 + 1200 + 16,
  /** How far ahead of a client: it does not come there while the flood lasts. */
  AHEAD = 1 << 16,
  HEAD_BYTES = sizeof(struct iphdr) + sizeof(struct udphdr),
  MAX_CLIENTS = 1024,
  OWN_SOCKETS = 16,
  MAX_BURST = 256,
};

static uint8_t request[REQUEST_BYTES];
static struct client {
  int port;
  uint64_t sequence;
} clients[MAX_CLIENTS];
static int client_count, server_port;
static int raw, own[OWN_SOCKETS];
static uint64_t state = 1, sent;

static struct sockaddr_in server;
static uint8_t packets[MAX_BURST][HEAD_BYTES + FORGED_BYTES];
static struct iovec spans[MAX_BURST];
static struct mmsghdr burst[MAX_BURST];

/** SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t next_random(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

static void fill_random(uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    uint64_t value = next_random();
    memcpy(bytes + i, &value, count - i < 8 ? count - i : 8);
  }
}

/** Writes a payload that nobody sealed; returns its length. */
static size_t forge(const struct client *of, uint8_t *out) {
  fill_random(out, FORGED_BYTES);
  uint64_t sequence = of->sequence + AHEAD + next_random() % AHEAD;
  int count = 0;
  for (; count == 0 || sequence > 0; sequence >>= 8) out[++count] = (uint8_t)sequence;
  out[0] = (uint8_t)(count << 4 | 5);
  return 1 + count + 1200 + 16;
}

/** Writes what the n-th datagram says; `source` is where it should come from. */
static size_t write_datagram(uint64_t n, uint8_t *out, struct sockaddr_in *source) {
  source->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (n % 3 == 0) {
    const struct client *of = &clients[next_random() % client_count];
    source->sin_port = htons(of->port);
    return forge(of, out);
  }
  memcpy(out, request, REQUEST_BYTES);
  if (n % 3 == 1) fill_random(out + SEALED_TOKEN_AT, REQUEST_BYTES - SEALED_TOKEN_AT);
  // From a client's address it would be known at once: from others the token is opened first.
  source->sin_addr.s_addr = htonl(0x7f000000 | (next_random() & 0xffffff) | 0x10000);
  source->sin_port = htons(1024 + next_random() % 60000);
  return REQUEST_BYTES;
}

static void add_heads(uint8_t *packet, size_t bytes, const struct sockaddr_in *source) {
  struct iphdr ip = {.version = 4,
                     .ihl = 5,
                     .ttl = 64,
                     .protocol = IPPROTO_UDP,
                     .saddr = source->sin_addr.s_addr,
                     .daddr = server.sin_addr.s_addr};
  struct udphdr udp = {
      .source = source->sin_port, .dest = server.sin_port, .len = htons((uint16_t)(sizeof udp + bytes))};
  memcpy(packet, &ip, sizeof ip);
  memcpy(packet + sizeof ip, &udp, sizeof udp);
}

static void send_burst(int count) {
  struct sockaddr_in to = server;
  if (raw >= 0) to.sin_port = 0;
  for (int i = 0; i < count; i++) {
    struct sockaddr_in source;
    size_t bytes = write_datagram(sent + i, packets[i] + HEAD_BYTES, &source);
    add_heads(packets[i], bytes, &source);
    spans[i] = raw >= 0 ? (struct iovec){packets[i], HEAD_BYTES + bytes} : (struct iovec){packets[i] + HEAD_BYTES, bytes};
    burst[i].msg_hdr =
        (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &spans[i], .msg_iovlen = 1};
  }
  int fd = raw >= 0 ? raw : own[next_random() % OWN_SOCKETS];
  int n = sendmmsg(fd, burst, count, 0);
  if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED) die("sendmmsg");
  sent += n > 0 ? n : 0;
}

/** A socket that nobody reads; returns its port. */
static int open_sink(void) {
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t bytes = sizeof any;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0) die("bind");
  if (getsockname(fd, (struct sockaddr *)&any, &bytes) < 0) die("getsockname");
  return ntohs(any.sin_port);
}

static void open_sockets(void) {
  raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  for (int i = 0; i < OWN_SOCKETS && raw < 0; i++) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    own[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (own[i] < 0 || bind(own[i], (struct sockaddr *)&any, sizeof any) < 0) die("bind");
  }
}

int main(int argc, char **argv) {
  if (argc < 5 || strlen(argv[3]) != 2 * REQUEST_BYTES) return 2;
  server_port = atoi(argv[1]);
  double per_second = atof(argv[2]);
  for (int i = 0; i < REQUEST_BYTES; i++) {
    unsigned value;
    if (sscanf(argv[3] + 2 * i, "%2x", &value) != 1) return 2;
    request[i] = (uint8_t)value;
  }
  for (int i = 4; i < argc && client_count < MAX_CLIENTS; i++) {
    struct client *client = &clients[client_count++];
    if (sscanf(argv[i], "%d:%lu", &client->port, &client->sequence) != 2) return 2;
  }
  if (server_port == 0) server_port = open_sink();
  server = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(server_port)};
  open_sockets();
  printf("{\"port\":0,\"isSpoofed\":%s}\n", raw >= 0 ? "true" : "false");
  fflush(stdout);
  double start = now_s();
  uint64_t asked = 0;
  struct pollfd polled = {.fd = 0, .events = POLLIN};
  for (;;) {
    if (poll(&polled, 1, 1) > 0) {
      char text[64];
      if (read(0, text, sizeof text) <= 0) return 0;
      printf("{\"atMs\":%.3f,\"cpuUs\":%.0f,\"messages\":%lu}\n", now_s() * 1e3, cpu_us(), sent);
      fflush(stdout);
    }
    // What a late turn has missed is sent later, a burst at a time.
    uint64_t due = (uint64_t)((now_s() - start) * per_second);
    int count = due - asked > MAX_BURST ? MAX_BURST : (int)(due - asked);
    if (count == 0) continue;
    asked += count;
    send_burst(count);
  }
}
