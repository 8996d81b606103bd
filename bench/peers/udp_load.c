// What a datagram costs in C: sent and received on loopback in one thread.
//
//     udp_load count bytes
//
// Prints microseconds per datagram for sendto alone, for sendto and recvfrom one by one, and
// for sendmmsg and recvmmsg in batches.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
#include "load.h"

enum { BATCH = 64, BUFFER_BYTES = 4 << 20 };

static int open_socket(struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int size = BUFFER_BYTES;
  socklen_t length = sizeof *address;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0) die("bind");
  getsockname(fd, (struct sockaddr *)address, &length);
  return fd;
}

static int from, to;
static struct sockaddr_in from_address, to_address;
static uint8_t sent_bytes[BATCH][2048], got_bytes[BATCH][2048];

static void send_one(size_t bytes) {
  if (sendto(from, sent_bytes[0], bytes, 0, (struct sockaddr *)&to_address, sizeof to_address) < 0) die("sendto");
}

static void receive_one(void) {
  struct sockaddr_in source;
  socklen_t length = sizeof source;
  if (recvfrom(to, got_bytes[0], sizeof got_bytes[0], 0, (struct sockaddr *)&source, &length) < 0) die("recvfrom");
}

/** Sends alone: what comes in is taken in between, outside of what is measured. */
static double sendto_alone(int count, size_t bytes) {
  double s = 0;
  for (int left = count; left > 0; left -= BATCH) {
    double start = now_s();
    for (int i = 0; i < BATCH; i++) send_one(bytes);
    s += now_s() - start;
    for (int i = 0; i < BATCH; i++) receive_one();
  }
  return s;
}

static double one_by_one(int count, size_t bytes) {
  double start = now_s();
  for (int left = count; left > 0; left -= BATCH) {
    for (int i = 0; i < BATCH; i++) send_one(bytes);
    for (int i = 0; i < BATCH; i++) receive_one();
  }
  return now_s() - start;
}

static double batched(int count, size_t bytes) {
  struct mmsghdr out[BATCH] = {0}, in[BATCH] = {0};
  struct iovec out_bytes[BATCH], in_bytes[BATCH];
  struct sockaddr_in sources[BATCH];
  double start = now_s();
  for (int i = 0; i < BATCH; i++) {
    out_bytes[i] = (struct iovec){sent_bytes[i], bytes};
    in_bytes[i] = (struct iovec){got_bytes[i], sizeof got_bytes[i]};
    out[i].msg_hdr = (struct msghdr){
        .msg_name = &to_address, .msg_namelen = sizeof to_address, .msg_iov = &out_bytes[i], .msg_iovlen = 1};
  }
  for (int left = count; left > 0; left -= BATCH) {
    if (sendmmsg(from, out, BATCH, 0) != BATCH) die("sendmmsg");
    for (int got = 0; got < BATCH;) {
      for (int i = got; i < BATCH; i++) {
        in[i].msg_hdr = (struct msghdr){
            .msg_name = &sources[i], .msg_namelen = sizeof sources[i], .msg_iov = &in_bytes[i], .msg_iovlen = 1};
      }
      int n = recvmmsg(to, in + got, BATCH - got, 0, NULL);
      if (n <= 0) die("recvmmsg");
      got += n;
    }
  }
  return now_s() - start;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int count = (atoi(argv[1]) + BATCH - 1) / BATCH * BATCH;
  size_t bytes = atoi(argv[2]);
  from = open_socket(&from_address);
  to = open_socket(&to_address);
  batched(BATCH * 16, bytes);
  double alone = sendto_alone(count, bytes), each = one_by_one(count, bytes), batches = batched(count, bytes);
  printf("{\"sendtoUs\":%.4f,\"eachUs\":%.4f,\"batchedUs\":%.4f}\n", alone / count * 1e6, each / count * 1e6,
         batches / count * 1e6);
  return 0;
}
