// ENet (1.3.17 here) as a peer of transport_bench.ts.
//
//     enet_load serve [state-hz]                a server; with a rate it sends 100 bytes to each peer so often
//     enet_load pump   host port seconds bytes  reliable messages as fast as they go
//     enet_load alone  seconds bytes            the same, both ends in one thread
//     enet_load ping   host port count bytes    one message there and back, then the next
//     enet_load rate   host port hz seconds bytes [bulk-bytes]
//                                               echoes at a rate, polled each millisecond, beside a bulk transfer
//     enet_load swarm  host port peers hz seconds bytes
#include <enet/enet.h>
#include "load.h"

// With 512 messages under way it is fastest: it looks for what was acknowledged in a list.
enum { SWARM_HOSTS = 50, CHANNELS = 2, MAX_PEERS = 4095, HELD_MESSAGES = 512, STATE_BYTES = 100, BUFFER_BYTES = 4 << 20 };

static uint64_t freed;

static void count_freed(ENetPacket *packet) {
  (void)packet;
  freed++;
}

static ENetHost *make_host(const ENetAddress *address, size_t peers) {
  ENetHost *host = enet_host_create(address, peers, CHANNELS, 0, 0);
  if (host == NULL) die("enet_host_create");
  enet_socket_set_option(host->socket, ENET_SOCKOPT_RCVBUF, BUFFER_BYTES);
  enet_socket_set_option(host->socket, ENET_SOCKOPT_SNDBUF, BUFFER_BYTES);
  return host;
}

static ENetHost *make_server(void) {
  ENetAddress any = {.host = ENET_HOST_ANY, .port = 0};
  return make_host(&any, MAX_PEERS);
}

static ENetPeer *begin_connect(ENetHost *host, const char *name, int port) {
  ENetAddress address;
  if (enet_address_set_host(&address, name) < 0) die(name);
  address.port = port;
  ENetPeer *peer = enet_host_connect(host, &address, CHANNELS, 0);
  if (peer == NULL) die("enet_host_connect");
  return peer;
}

static ENetPeer *connect_to(ENetHost *host, const char *name, int port) {
  ENetPeer *peer = begin_connect(host, name, port);
  ENetEvent event;
  if (enet_host_service(host, &event, 10000) <= 0 || event.type != ENET_EVENT_TYPE_CONNECT) die("connect");
  return peer;
}

static void send_bytes(ENetPeer *peer, int channel, const void *bytes, size_t length) {
  ENetPacket *packet = enet_packet_create(bytes, length, ENET_PACKET_FLAG_RELIABLE);
  if (packet == NULL) die("enet_packet_create");
  packet->freeCallback = count_freed;
  if (enet_peer_send(peer, channel, packet) < 0) enet_packet_destroy(packet);
}

static void take(ENetEvent *event, struct arrivals *arrivals, double now) {
  if (event->type != ENET_EVENT_TYPE_RECEIVE) return;
  const ENetPacket *packet = event->packet;
  if (packet->data[0] == KIND_ECHO) send_bytes(event->peer, event->channelID, packet->data, packet->dataLength);
  else arrive(arrivals, packet->dataLength, now);
  enet_packet_destroy(event->packet);
}

static int serve(double state_hz) {
  ENetHost *host = make_server();
  struct arrivals arrivals = {0};
  uint8_t state[STATE_BYTES] = {KIND_SINK};
  print_port(host->address.port);
  double next_stdin = now_s(), next_state = next_stdin;
  for (;;) {
    ENetEvent event;
    // Waits a millisecond at the most; then everything that has come in before the next wait.
    int got = enet_host_service(host, &event, 1);
    double came = now_s();
    while (got > 0) {
      take(&event, &arrivals, came);
      got = enet_host_check_events(host, &event);
    }
    enet_host_flush(host);
    double now = now_s();
    while (state_hz > 0 && now >= next_state) {
      next_state += 1 / state_hz;
      for (size_t i = 0; i < host->peerCount; i++) {
        if (host->peers[i].state == ENET_PEER_STATE_CONNECTED) send_bytes(&host->peers[i], 0, state, sizeof state);
      }
      enet_host_flush(host);
    }
    if (now < next_stdin) continue;
    next_stdin = now + 0.005;
    if (!serve_stdin(&arrivals, host->connectedPeers)) return 0;
  }
}

/** Keeps so many messages on their way as are allowed to wait. */
static void fill(ENetPeer *peer, int channel, uint64_t *sent, uint64_t held, const uint8_t *message, size_t bytes) {
  while (*sent - freed < held) {
    send_bytes(peer, channel, message, bytes);
    (*sent)++;
  }
}

static int pump(const char *name, int port, double seconds, size_t bytes) {
  ENetHost *host = make_host(NULL, 1);
  ENetPeer *peer = connect_to(host, name, port);
  uint8_t *message = calloc(1, bytes);
  message[0] = KIND_SINK;
  uint64_t sent = 0;
  double cpu = cpu_us(), end = now_s() + seconds;
  while (now_s() < end) {
    fill(peer, 0, &sent, HELD_MESSAGES, message, bytes);
    ENetEvent event;
    if (enet_host_service(host, &event, 1) > 0 && event.type == ENET_EVENT_TYPE_DISCONNECT) die("disconnected");
  }
  printf("{\"sent\":%lu,\"cpuUs\":%.0f}\n", freed, cpu_us() - cpu);
  return 0;
}

static int alone(double seconds, size_t bytes) {
  ENetHost *server = make_server();
  ENetHost *client = make_host(NULL, 1);
  ENetPeer *peer = begin_connect(client, "127.0.0.1", server->address.port);
  ENetEvent event;
  struct arrivals arrivals = {0};
  while (peer->state != ENET_PEER_STATE_CONNECTED) {
    enet_host_service(client, &event, 0);
    enet_host_service(server, &event, 0);
  }
  uint8_t *message = calloc(1, bytes);
  message[0] = KIND_SINK;
  uint64_t sent = 0;
  double cpu = cpu_us(), end = now_s() + seconds;
  while (now_s() < end) {
    fill(peer, 0, &sent, HELD_MESSAGES, message, bytes);
    enet_host_service(client, &event, 0);
    int got = enet_host_service(server, &event, 0);
    double came = now_s();
    while (got > 0) {
      take(&event, &arrivals, came);
      got = enet_host_check_events(server, &event);
    }
  }
  printf("{\"cpuUs\":%.0f,\"messages\":%lu,\"bytes\":%lu,\"steadyMessages\":%lu,\"steadyMs\":%.3f}\n", cpu_us() - cpu,
         arrivals.messages, arrivals.bytes, arrivals.steady_messages, (arrivals.last - arrivals.steady_from) * 1e3);
  return 0;
}

static int ping(const char *name, int port, int count, size_t bytes) {
  ENetHost *host = make_host(NULL, 1);
  ENetPeer *peer = connect_to(host, name, port);
  uint8_t *message = calloc(1, bytes);
  double *rtt_ms = calloc(count, sizeof(double));
  double cpu = cpu_us();
  message[0] = KIND_ECHO;
  for (int i = 0; i < count; i++) {
    double left = now_s();
    ENetEvent event;
    send_bytes(peer, 0, message, bytes);
    enet_host_flush(host);
    do {
      if (enet_host_service(host, &event, 1000) < 0) die("enet_host_service");
      if (event.type == ENET_EVENT_TYPE_DISCONNECT) die("disconnected");
    } while (event.type != ENET_EVENT_TYPE_RECEIVE);
    rtt_ms[i] = (now_s() - left) * 1e3;
    enet_packet_destroy(event.packet);
  }
  ping_print(rtt_ms, count, cpu_us() - cpu);
  return 0;
}

static int rate(const char *name, int port, double hz, double seconds, size_t bytes, size_t bulk_bytes) {
  ENetHost *host = make_host(NULL, 1);
  ENetPeer *peer = connect_to(host, name, port);
  uint8_t *message = calloc(1, bytes), *bulk = calloc(1, bulk_bytes + 1);
  uint64_t bulk_sent = 0, stream_sent = 0;
  struct rate r;
  bulk[0] = KIND_SINK;
  rate_init(&r, hz, seconds);
  double cpu = cpu_us();
  while (!rate_done(&r)) {
    while (rate_next(&r, message, bytes)) {
      send_bytes(peer, 0, message, bytes);
      stream_sent++;
    }
    if (bulk_bytes > 0 && r.sent < r.count) {
      // 256 messages wait at any time: ENet has no priorities, and what waits is in order.
      while (bulk_sent + stream_sent - freed < 256) {
        send_bytes(peer, 1, bulk, bulk_bytes);
        bulk_sent++;
      }
    }
    enet_host_flush(host);
    ENetEvent event;
    int got = enet_host_service(host, &event, 1);
    while (got > 0) {
      if (event.type == ENET_EVENT_TYPE_DISCONNECT) die("disconnected");
      if (event.type == ENET_EVENT_TYPE_RECEIVE) {
        rate_back(&r, event.packet->data);
        enet_packet_destroy(event.packet);
      }
      got = enet_host_check_events(host, &event);
    }
  }
  rate_print(&r, cpu_us() - cpu);
  return 0;
}

static ENetHost *swarm_hosts[SWARM_HOSTS];

static size_t count_connected(void) {
  size_t count = 0;
  for (int i = 0; i < SWARM_HOSTS; i++) count += swarm_hosts[i]->connectedPeers;
  return count;
}

static void service_swarm(struct arrivals *arrivals) {
  ENetEvent event;
  for (int i = 0; i < SWARM_HOSTS; i++) {
    int got = enet_host_service(swarm_hosts[i], &event, 0);
    double came = now_s();
    while (got > 0) {
      take(&event, arrivals, came);
      got = enet_host_check_events(swarm_hosts[i], &event);
    }
  }
  usleep(1000);
}

static int swarm(const char *name, int port, int peers, double hz, double seconds, size_t bytes) {
  ENetPeer **all = calloc(peers, sizeof(ENetPeer *));
  uint8_t *message = calloc(1, bytes);
  struct arrivals arrivals = {0};
  message[0] = KIND_SINK;
  for (int i = 0; i < SWARM_HOSTS; i++) swarm_hosts[i] = make_host(NULL, peers / SWARM_HOSTS + 1);
  for (int i = 0; i < peers; i++) {
    all[i] = begin_connect(swarm_hosts[i % SWARM_HOSTS], name, port);
    if (i % 16 == 15) service_swarm(&arrivals);
  }
  double deadline = now_s() + 10;
  while (count_connected() < (size_t)peers && now_s() < deadline) service_swarm(&arrivals);
  double start = now_s();
  long next = 0;
  // Spread over the interval, as clients are.
  while (now_s() < start + seconds) {
    long due = (long)((now_s() - start) * hz * peers);
    for (; next < due; next++) send_bytes(all[next % peers], 0, message, bytes);
    service_swarm(&arrivals);
  }
  printf("{\"peers\":%zu,\"sent\":%ld,\"messages\":%lu,\"seconds\":%.3f}\n", count_connected(), next, arrivals.messages,
         now_s() - start);
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (enet_initialize() != 0) die("enet_initialize");
  if (strcmp(what, "serve") == 0) return serve(argc > 2 ? atof(argv[2]) : 0);
  if (strcmp(what, "alone") == 0 && argc > 3) return alone(atof(argv[2]), atoi(argv[3]));
  if (strcmp(what, "pump") == 0 && argc > 5) return pump(argv[2], atoi(argv[3]), atof(argv[4]), atoi(argv[5]));
  if (strcmp(what, "ping") == 0 && argc > 5) return ping(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  if (strcmp(what, "rate") == 0 && argc > 6) {
    return rate(argv[2], atoi(argv[3]), atof(argv[4]), atof(argv[5]), atoi(argv[6]), argc > 7 ? atoi(argv[7]) : 0);
  }
  if (strcmp(what, "swarm") == 0 && argc > 7) {
    return swarm(argv[2], atoi(argv[3]), atoi(argv[4]), atof(argv[5]), atof(argv[6]), atoi(argv[7]));
  }
  fprintf(stderr, "enet_load: unknown arguments\n");
  return 2;
}
