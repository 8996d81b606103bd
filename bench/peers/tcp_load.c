// TCP as a peer of transport_bench.ts: TCP_NODELAY, its congestion control chosen per socket.
//
//     tcp_load serve cc
//     tcp_load pump  cc host port seconds bytes          messages as fast as they go
//     tcp_load ping  cc host port count bytes            one message there and back, then the next
//     tcp_load rate  cc host port hz seconds bytes [bulk-bytes]
//                                                        echoes at a rate, a bulk transfer on the same connection
//
// A message is its length (2) and its bytes. `cc` is "bbr", "cubic", …: its name is printed as
// the kernel gives it back.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "load.h"

enum { MAX_CLIENTS = 1024, BUFFER = 1 << 18, HEAD = 2 };

struct stream {
  int fd;
  size_t in, out;
  uint8_t in_bytes[BUFFER], out_bytes[BUFFER];
};

static void prepare(int fd, const char *cc) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, cc, strlen(cc)) < 0) die(cc);
}

static struct stream *make_stream(int fd) {
  struct stream *s = malloc(sizeof *s);
  s->fd = fd;
  s->in = s->out = 0;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return s;
}

static struct stream *connect_to(const char *cc, const char *host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  inet_pton(AF_INET, host, &address.sin_addr);
  prepare(fd, cc);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  return make_stream(fd);
}

static void flush(struct stream *s) {
  size_t done = 0;
  while (done < s->out) {
    ssize_t n = send(s->fd, s->out_bytes + done, s->out - done, MSG_NOSIGNAL);
    if (n <= 0) break;
    done += n;
  }
  memmove(s->out_bytes, s->out_bytes + done, s->out - done);
  s->out -= done;
}

/** Puts a message into the buffer; 0 if there is no room. */
static int put(struct stream *s, const uint8_t *message, size_t bytes) {
  if (s->out + HEAD + bytes > BUFFER) return 0;
  memcpy(s->out_bytes + s->out, &(uint16_t){bytes}, HEAD);
  memcpy(s->out_bytes + s->out + HEAD, message, bytes);
  s->out += HEAD + bytes;
  return 1;
}

/** Reads once; returns 0 at the end. */
static int fill(struct stream *s) {
  ssize_t n = recv(s->fd, s->in_bytes + s->in, BUFFER - s->in, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  s->in += n;
  return n > 0;
}

/** The message at an offset, or NULL; moves the offset behind it. */
static uint8_t *next(struct stream *s, size_t *at, size_t *bytes) {
  uint16_t length;
  if (s->in - *at < HEAD) return NULL;
  memcpy(&length, s->in_bytes + *at, HEAD);
  if (s->in - *at < HEAD + (size_t)length) return NULL;
  uint8_t *message = s->in_bytes + *at + HEAD;
  *at += HEAD + length;
  *bytes = length;
  return message;
}

static void drop(struct stream *s, size_t bytes) {
  memmove(s->in_bytes, s->in_bytes + bytes, s->in - bytes);
  s->in -= bytes;
}

static int serve(const char *cc) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  prepare(listener, cc);
  if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 128) < 0) die("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  print_port(ntohs(address.sin_port));
  struct pollfd polled[MAX_CLIENTS + 2] = {{.fd = 0, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
  struct stream *streams[MAX_CLIENTS];
  int count = 0;
  struct arrivals arrivals = {0};
  for (;;) {
    poll(polled, count + 2, -1);
    if (polled[0].revents != 0 && !serve_stdin(&arrivals, count)) return 0;
    double now = now_s();
    for (int i = 0; i < count; i++) {
      struct stream *s = streams[i];
      if (polled[i + 2].revents == 0) continue;
      if (!fill(s)) {
        close(s->fd);
        free(s);
        streams[i] = streams[--count];
        polled[i + 2] = polled[count + 2];
        polled[i-- + 2].revents = 0;
        continue;
      }
      uint8_t *message;
      size_t at = 0, bytes;
      while ((message = next(s, &at, &bytes)) != NULL) {
        if (message[0] == KIND_ECHO) put(s, message, bytes);
        else arrive(&arrivals, bytes, now);
      }
      drop(s, at);
      flush(s);
      polled[i + 2].events = POLLIN | (s->out > 0 ? POLLOUT : 0);
    }
    if (polled[1].revents != 0 && count < MAX_CLIENTS) {
      int fd = accept(listener, NULL, NULL);
      prepare(fd, cc);
      polled[count + 2] = (struct pollfd){.fd = fd, .events = POLLIN};
      streams[count++] = make_stream(fd);
    }
  }
}

static const char *congestion(const struct stream *s) {
  static char name[16];
  socklen_t length = sizeof name;
  getsockopt(s->fd, IPPROTO_TCP, TCP_CONGESTION, name, &length);
  return name;
}

static int pump(struct stream *s, double seconds, size_t bytes) {
  uint8_t *message = calloc(1, bytes);
  uint64_t sent = 0;
  double cpu = cpu_us(), end = now_s() + seconds;
  struct pollfd p = {.fd = s->fd, .events = POLLOUT};
  message[0] = KIND_SINK;
  while (now_s() < end) {
    // 64 KB a call: what the memory near the processor holds.
    while (s->out < 65536 && put(s, message, bytes)) sent++;
    flush(s);
    if (s->out > 0) poll(&p, 1, 1);
  }
  printf("{\"sent\":%lu,\"cpuUs\":%.0f,\"congestion\":\"%s\"}\n", sent, cpu_us() - cpu, congestion(s));
  return 0;
}

static int ping(struct stream *s, int count, size_t bytes) {
  uint8_t *message = calloc(1, bytes);
  double *rtt_ms = calloc(count, sizeof(double));
  double cpu = cpu_us();
  struct pollfd p = {.fd = s->fd, .events = POLLIN};
  message[0] = KIND_ECHO;
  for (int i = 0; i < count; i++) {
    double left = now_s();
    size_t at = 0, got;
    put(s, message, bytes);
    flush(s);
    while (next(s, &at, &got) == NULL) {
      poll(&p, 1, 1000);
      if (!fill(s)) die("closed");
    }
    drop(s, at);
    rtt_ms[i] = (now_s() - left) * 1e3;
  }
  ping_print(rtt_ms, count, cpu_us() - cpu);
  return 0;
}

static int rate(struct stream *s, double hz, double seconds, size_t bytes, size_t bulk_bytes) {
  uint8_t *message = calloc(1, bytes), *bulk = calloc(1, bulk_bytes + 1);
  struct rate r;
  struct pollfd p = {.fd = s->fd, .events = POLLIN};
  int low = 16384;
  // What the kernel has not sent yet stays small, or bulk would wait there before every message.
  if (bulk_bytes > 0) setsockopt(s->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low, sizeof low);
  bulk[0] = KIND_SINK;
  rate_init(&r, hz, seconds);
  double cpu = cpu_us();
  while (!rate_done(&r)) {
    while (rate_next(&r, message, bytes)) put(s, message, bytes);
    flush(s);
    if (bulk_bytes > 0 && r.sent < r.count) {
      struct pollfd w = {.fd = s->fd, .events = POLLOUT};
      for (int i = 0; i < 64 && s->out == 0 && poll(&w, 1, 0) > 0 && (w.revents & POLLOUT) != 0; i++) {
        put(s, bulk, bulk_bytes);
        flush(s);
      }
    }
    poll(&p, 1, 1);
    if (!fill(s)) die("closed");
    uint8_t *back;
    size_t at = 0, got;
    while ((back = next(s, &at, &got)) != NULL) rate_back(&r, back);
    drop(s, at);
  }
  rate_print(&r, cpu_us() - cpu);
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "serve") == 0 && argc > 2) return serve(argv[2]);
  if (argc > 6) {
    struct stream *s = connect_to(argv[2], argv[3], atoi(argv[4]));
    if (strcmp(what, "pump") == 0) return pump(s, atof(argv[5]), atoi(argv[6]));
    if (strcmp(what, "ping") == 0) return ping(s, atoi(argv[5]), atoi(argv[6]));
    if (strcmp(what, "rate") == 0 && argc > 7) {
      return rate(s, atof(argv[5]), atof(argv[6]), atoi(argv[7]), argc > 8 ? atoi(argv[8]) : 0);
    }
  }
  fprintf(stderr, "tcp_load: unknown arguments\n");
  return 2;
}
