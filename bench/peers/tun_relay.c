// A bad line for whole IP packets between two tun devices, so that TCP meets the same conditions
// as UDP does in udp_relay.c. Needs root.
//
//     tun_relay device-a device-b latency-ms jitter-ms loss burst bytes-per-second queue-bytes seed
//
// Prints `{"port":0}` when it is ready. The bytes that it counts are those of IP.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include "line.h"

static int open_tun(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) die("tun");
  return fd;
}

int main(int argc, char **argv) {
  if (argc < 10) return 2;
  static struct line lines[2];
  int fds[2] = {open_tun(argv[1]), open_tun(argv[2])};
  read_conditions(argv + 3);
  print_port(0);
  for (;;) {
    struct pollfd polled[3] = {{0, POLLIN, 0}, {fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
    double now = now_s(), wait = 1;
    for (int i = 0; i < 2; i++) {
      struct line *l = &lines[i];
      while (l->count > 0 && l->heap[0]->due <= now) {
        struct packet *p = pop(l);
        if (write(fds[1 - i], p->data, p->bytes) < 0) l->full++;
        free(p);
      }
      wait = until_due(l, now, wait);
    }
    wait_for(polled, 3, wait);
    now = now_s();
    for (int i = 0; i < 2; i++) {
      if (polled[i + 1].revents == 0) continue;
      // A busy direction does not keep the other waiting.
      for (int n = 0; n < BATCH; n++) {
        struct packet *p = malloc(sizeof *p);
        p->bytes = read(fds[i], p->data, MAX_BYTES);
        if (p->bytes <= 0) {
          free(p);
          break;
        }
        take(&lines[i], p, now);
      }
    }
    if (polled[0].revents != 0 && !serve_counts(&lines[0], &lines[1])) return 0;
  }
}
