// A bad line in one direction, for the relays: a queue in front of a line of a rate, from which
// what does not fit is dropped; then loss, in bursts; then latency and jitter, which reorder.
#ifndef LINE_H
#define LINE_H

#include "load.h"

enum { MAX_BYTES = 2048, HELD = 1 << 16, BATCH = 256 };

struct packet {
  double due;
  int bytes;
  /** Which of a relay's clients it is for or from. */
  int client;
  uint8_t data[MAX_BYTES];
};

struct line {
  double free_at;
  /** How many more of a burst are lost. */
  int dying;
  uint64_t bytes, passed, lost;
  /** Dropped as the queue or the kernel had no room. */
  uint64_t full;
  struct packet *heap[HELD];
  int count;
};

static double latency, jitter, loss, burst, byte_rate, queue_bytes;
static uint64_t state;

/** Reads `latency-ms jitter-ms loss burst bytes-per-second queue-bytes seed`; 0 is no rate. */
static void read_conditions(char **argv) {
  latency = atof(argv[0]) / 1e3;
  jitter = atof(argv[1]) / 1e3;
  loss = atof(argv[2]);
  burst = atof(argv[3]);
  byte_rate = atof(argv[4]);
  queue_bytes = atof(argv[5]);
  state = strtoull(argv[6], NULL, 10);
}

/** SplitMix64 (Steele, Lea and Flood, 2014), as a fraction. */
static double next_random(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static void push(struct line *l, struct packet *p) {
  int i = l->count++;
  for (; i > 0 && l->heap[(i - 1) / 2]->due > p->due; i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
  l->heap[i] = p;
}

static struct packet *pop(struct line *l) {
  struct packet *first = l->heap[0], *last = l->heap[--l->count];
  int i = 0;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= l->count) break;
    if (child + 1 < l->count && l->heap[child + 1]->due < l->heap[child]->due) child++;
    if (l->heap[child]->due >= last->due) break;
    l->heap[i] = l->heap[child];
    i = child;
  }
  l->heap[i] = last;
  return first;
}

/** Takes a packet that comes in now: it is freed or held. */
static void take(struct line *l, struct packet *p, double now) {
  l->bytes += p->bytes;
  double leaves = now;
  if (byte_rate > 0) {
    if (l->free_at < now) l->free_at = now;
    if ((l->free_at - now) * byte_rate + p->bytes > queue_bytes) {
      l->full++;
      free(p);
      return;
    }
    l->free_at += p->bytes / byte_rate;
    leaves = l->free_at;
  }
  // So that the share lost is `loss`, bursts begin at packets outside of one with this chance.
  if (l->dying == 0 && next_random() < loss / (burst - (burst - 1) * loss)) l->dying = (int)burst;
  if (l->dying > 0 || l->count == HELD) {
    if (l->dying > 0) l->dying--;
    l->lost++;
    free(p);
    return;
  }
  l->passed++;
  p->due = leaves + latency + jitter * next_random();
  push(l, p);
}

/** How long until the first packet of a line is due, at most `wait` seconds. */
static double until_due(const struct line *l, double now, double wait) {
  if (l->count == 0) return wait;
  double due = l->heap[0]->due - now;
  return due < 0 ? 0 : due < wait ? due : wait;
}

/** Waits until something can be read, or something is due. */
static void wait_for(struct pollfd *polled, int count, double seconds) {
  struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
  ppoll(polled, count, &t, NULL);
}

/** Answers a line of input with the counts of both directions; returns 0 at its end. */
static int serve_counts(const struct line *a, const struct line *b) {
  char text[64];
  if (read(0, text, sizeof text) <= 0) return 0;
  printf("{\"bytes\":%lu,\"passed\":%lu,\"lost\":%lu}\n", a->bytes + b->bytes, a->passed + b->passed,
         a->lost + a->full + b->lost + b->full);
  fflush(stdout);
  return 1;
}

#endif
