// An echo in sealed packets of netcode, without its handshake, as a peer of netcode_bench.ts.
//
//     netcode_echo serve each|batched
//     netcode_echo pump  each|batched host port seconds bytes window
//
// "each" calls sendto and recvfrom, "batched" sendmmsg and recvmmsg. It waits in the kernel.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
#include "netcode.h"

enum { BATCH = 64, BUFFER_BYTES = 4 << 20 };

/** After so long a silence what is under way is lost. */
#define LOST_SECONDS 0.2

static const uint8_t to_server_key[KEY_BYTES] = {1}, to_client_key[KEY_BYTES] = {2};
static int fd, is_batched;
static struct window window;
static uint64_t sequence;

static uint8_t in_bytes[BATCH][2048], out_bytes[BATCH][2048], plain[2048];
static struct sockaddr_in sources[BATCH];
static struct iovec in_spans[BATCH], out_spans[BATCH];
static struct mmsghdr in[BATCH], out[BATCH];
/** How many wait to be sent. */
static int waiting;

static int open_socket(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int size = BUFFER_BYTES;
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0) die("bind");
  getsockname(fd, (struct sockaddr *)&address, &length);
  return ntohs(address.sin_port);
}

/** Takes what has come in, at most a batch; returns how many. */
static int receive(void) {
  if (!is_batched) {
    socklen_t length = sizeof sources[0];
    ssize_t n = recvfrom(fd, in_bytes[0], sizeof in_bytes[0], 0, (struct sockaddr *)&sources[0], &length);
    if (n < 0) return 0;
    in[0].msg_len = (unsigned)n;
    return 1;
  }
  for (int i = 0; i < BATCH; i++) {
    in_spans[i] = (struct iovec){in_bytes[i], sizeof in_bytes[i]};
    in[i].msg_hdr = (struct msghdr){
        .msg_name = &sources[i], .msg_namelen = sizeof sources[i], .msg_iov = &in_spans[i], .msg_iovlen = 1};
  }
  int n = recvmmsg(fd, in, BATCH, 0, NULL);
  return n < 0 ? 0 : n;
}

static void flush(void) {
  for (int sent = 0; sent < waiting;) {
    int n = sendmmsg(fd, out + sent, waiting - sent, 0);
    if (n <= 0) break;
    sent += n;
  }
  waiting = 0;
}

/** Seals a body and sends it; `to` is used until the next flush. */
static void send_sealed(const uint8_t *body, size_t bytes, const uint8_t *key, struct sockaddr_in *to) {
  uint8_t *packet = out_bytes[waiting];
  size_t length = seal_packet(TYPE_PAYLOAD, sequence++, key, body, bytes, packet);
  if (!is_batched) {
    sendto(fd, packet, length, 0, (struct sockaddr *)to, sizeof *to);
    return;
  }
  out_spans[waiting] = (struct iovec){packet, length};
  out[waiting].msg_hdr =
      (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &out_spans[waiting], .msg_iovlen = 1};
  if (++waiting == BATCH) flush();
}

static int serve(void) {
  struct arrivals arrivals = {0};
  print_port(open_socket());
  struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    poll(polled, 2, -1);
    if (polled[1].revents != 0 && !serve_stdin(&arrivals, 1)) return 0;
    double now = now_s();
    for (int n = receive(); n > 0; n = receive()) {
      for (int i = 0; i < n; i++) {
        long bytes = open_packet(in_bytes[i], in[i].msg_len, to_server_key, &window, plain);
        if (bytes < 0) continue;
        arrive(&arrivals, bytes, now);
        send_sealed(plain, bytes, to_client_key, &sources[i]);
      }
      flush();
      now = now_s();
    }
  }
}

static int pump(const char *host, int port, double seconds, size_t bytes, int most) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct arrivals arrivals = {0};
  uint8_t body[MAX_PAYLOAD_BYTES];
  if (bytes < 1 || bytes > sizeof body || inet_pton(AF_INET, host, &server.sin_addr) != 1) return 2;
  memset(body, 'x', sizeof body);
  open_socket();
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  double cpu = cpu_us(), end = now_s() + seconds, heard = now_s();
  long sent = 0;
  int under_way = 0;
  for (double now = now_s(); now < end; now = now_s()) {
    for (; under_way < most; under_way++, sent++) send_sealed(body, bytes, to_server_key, &server);
    flush();
    int n = receive();
    if (n == 0) {
      poll(&polled, 1, 1);
      if (now - heard > LOST_SECONDS) under_way = 0;
      continue;
    }
    heard = now;
    for (int i = 0; i < n; i++) {
      long got = open_packet(in_bytes[i], in[i].msg_len, to_client_key, &window, plain);
      if (got != (long)bytes) continue;
      arrive(&arrivals, got, now);
      if (under_way > 0) under_way--;
    }
  }
  printf("{\"sent\":%ld,\"cpuUs\":%.0f,\"messages\":%lu,\"steadyMessages\":%lu,\"steadyMs\":%.3f}\n", sent,
         cpu_us() - cpu, arrivals.messages, arrivals.steady_messages,
         arrivals.steady_messages > 0 ? (arrivals.last - arrivals.steady_from) * 1e3 : 0.0);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3 || sodium_init() < 0) return 2;
  is_batched = strcmp(argv[2], "batched") == 0;
  if (strcmp(argv[1], "serve") == 0) return serve();
  if (argc < 8) return 2;
  return pump(argv[3], atoi(argv[4]), atof(argv[5]), atoi(argv[6]), atoi(argv[7]));
}
