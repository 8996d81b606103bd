// What the load programs in C share.
//
// A server prints `{"port":N}`, answers a line of standard input with a line of figures, and
// ends when standard input does. A client prints one line of figures and ends. Figures are
// JSON. Message: byte 0 is its kind, the rest is free; a rate's messages have their index in
// bytes 1 to 4.
#ifndef LOAD_H
#define LOAD_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/** Swallowed by a server. */
#define KIND_SINK 's'
/** Sent back by a server at once, on the channel it came from. */
#define KIND_ECHO 'e'
/** The tail of a run after its last message: answers that are later are lost. */
#define TAIL_SECONDS 5.0
/** What a server's steady rate leaves out at its beginning. */
#define WARM_SECONDS 0.5

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/** Processor time of the process. */
static double cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/** Resident memory now. */
static long rss_bytes(void) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL) return 0;
  if (fscanf(f, "%*s %ld", &pages) != 1) pages = 0;
  fclose(f);
  return pages * sysconf(_SC_PAGESIZE);
}

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

/** What has come in at a server. */
struct arrivals {
  double first, last, steady_from;
  uint64_t messages, bytes, steady_messages, steady_bytes;
};

/** The time is the caller's: one for all that a call of the kernel brought. */
static void arrive(struct arrivals *a, size_t bytes, double now) {
  if (a->messages == 0) a->first = now;
  a->last = now;
  a->messages++;
  a->bytes += bytes;
  if (now - a->first < WARM_SECONDS) {
    a->steady_from = now;
    return;
  }
  a->steady_messages++;
  a->steady_bytes += bytes;
}

/** Answers lines of standard input; returns 0 when it has ended. */
static int serve_stdin(const struct arrivals *a, size_t peers) {
  struct pollfd p = {.fd = 0, .events = POLLIN};
  char line[256];
  if (poll(&p, 1, 0) <= 0) return 1;
  if (read(0, line, sizeof line) <= 0) return 0;
  printf("{\"atMs\":%.3f,\"cpuUs\":%.0f,\"rssBytes\":%ld,\"peers\":%zu,\"messages\":%lu,\"bytes\":%lu,"
         "\"steadyMessages\":%lu,\"steadyBytes\":%lu,\"steadyMs\":%.3f}\n",
         now_s() * 1e3, cpu_us(), rss_bytes(), peers, a->messages, a->bytes, a->steady_messages, a->steady_bytes,
         a->steady_messages > 0 ? (a->last - a->steady_from) * 1e3 : 0.0);
  fflush(stdout);
  return 1;
}

static void print_port(int port) {
  printf("{\"port\":%d}\n", port);
  fflush(stdout);
}

/** Echoes under way: when each message of a rate left, and its round trip (-1: not back yet). */
struct rate {
  int count, sent, back;
  double start, interval, *left, *rtt_ms;
};

static void rate_init(struct rate *r, double hz, double seconds) {
  r->count = (int)(hz * seconds);
  r->sent = r->back = 0;
  r->interval = 1 / hz;
  r->left = calloc(r->count, sizeof(double));
  r->rtt_ms = malloc(r->count * sizeof(double));
  for (int i = 0; i < r->count; i++) r->rtt_ms[i] = -1;
  r->start = now_s();
}

/** Whether a message is due: then it is written, and counts as sent now. */
static int rate_next(struct rate *r, uint8_t *message, size_t bytes) {
  double now = now_s();
  if (r->sent == r->count || now < r->start + r->sent * r->interval) return 0;
  memset(message, 'x', bytes);
  message[0] = KIND_ECHO;
  memcpy(message + 1, &(uint32_t){r->sent}, 4);
  r->left[r->sent++] = now;
  return 1;
}

static void rate_back(struct rate *r, const uint8_t *message) {
  uint32_t i;
  memcpy(&i, message + 1, 4);
  if (i >= (uint32_t)r->sent || r->rtt_ms[i] >= 0) return;
  r->rtt_ms[i] = (now_s() - r->left[i]) * 1e3;
  r->back++;
}

static int rate_done(const struct rate *r) {
  if (r->back == r->count) return 1;
  return r->sent == r->count && now_s() > r->left[r->count - 1] + TAIL_SECONDS;
}

/** The figures of a rate. */
static void rate_print(const struct rate *r, double cpu) {
  printf("{\"sent\":%d,\"cpuUs\":%.0f,\"rttMs\":[", r->sent, cpu);
  for (int i = 0, n = 0; i < r->count; i++) {
    if (r->rtt_ms[i] >= 0) printf("%s%.3f", n++ > 0 ? "," : "", r->rtt_ms[i]);
  }
  printf("]}\n");
}

static void ping_print(const double *rtt_ms, int count, double cpu) {
  printf("{\"sent\":%d,\"cpuUs\":%.0f,\"rttMs\":[", count, cpu);
  for (int i = 0; i < count; i++) printf("%s%.4f", i > 0 ? "," : "", rtt_ms[i]);
  printf("]}\n");
}

#endif
