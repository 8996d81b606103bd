// A bad line for datagrams on loopback: a relay in front of a server.
//
//     udp_relay target-port latency-ms jitter-ms loss burst bytes-per-second queue-bytes seed
//
// Every client has a socket of its own to the server; all of them share the line. The bytes that
// it counts are UDP's payload, of both directions, as they come in.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
#include "line.h"

enum { MAX_CLIENTS = 64, BUFFER_BYTES = 4 << 20 };

static int open_socket(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  address.sin_port = htons(port);
  if (port > 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  return fd;
}

int main(int argc, char **argv) {
  if (argc < 9) return 2;
  static struct line up, down;
  struct sockaddr_in clients[MAX_CLIENTS], own;
  socklen_t length = sizeof own;
  int front = open_socket(0), port = atoi(argv[1]), count = 0;
  struct pollfd polled[MAX_CLIENTS + 2] = {{0, POLLIN, 0}, {front, POLLIN, 0}};
  getsockname(front, (struct sockaddr *)&own, &length);
  read_conditions(argv + 2);
  print_port(ntohs(own.sin_port));
  for (;;) {
    double now = now_s();
    // What the kernel refuses is lost, as on any line.
    while (up.count > 0 && up.heap[0]->due <= now) {
      struct packet *p = pop(&up);
      if (send(polled[p->client + 2].fd, p->data, p->bytes, 0) < 0) up.full++;
      free(p);
    }
    while (down.count > 0 && down.heap[0]->due <= now) {
      struct packet *p = pop(&down);
      if (sendto(front, p->data, p->bytes, 0, (struct sockaddr *)&clients[p->client], sizeof own) < 0) down.full++;
      free(p);
    }
    wait_for(polled, count + 2, until_due(&down, now, until_due(&up, now, 1)));
    now = now_s();
    for (int i = 1; i < count + 2; i++) {
      if (polled[i].revents == 0) continue;
      for (int n = 0; n < BATCH; n++) {
        struct sockaddr_in from;
        struct packet *p = malloc(sizeof *p);
        length = sizeof from;
        p->bytes = recvfrom(polled[i].fd, p->data, MAX_BYTES, 0, (struct sockaddr *)&from, &length);
        if (p->bytes < 0) {
          free(p);
          break;
        }
        p->client = i - 2;
        if (i >= 2) {
          take(&down, p, now);
          continue;
        }
        for (p->client = 0; p->client < count; p->client++) {
          if (clients[p->client].sin_port == from.sin_port) break;
        }
        if (p->client == MAX_CLIENTS) {
          free(p);
          continue;
        }
        if (p->client == count) {
          clients[count] = from;
          polled[count++ + 2] = (struct pollfd){open_socket(port), POLLIN, 0};
        }
        take(&up, p, now);
      }
    }
    if (polled[0].revents != 0 && !serve_counts(&up, &down)) return 0;
  }
}
