/* What one address takes of a worker: connections at a time, connections in a minute, log-ins that wait. */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <server/config.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define ADDRESS_SLOTS 4096

struct address {
    unsigned open;    /* connections */
    unsigned logins;  /* that wait for the auth process */
    unsigned refused; /* connections, ever */
    int64_t spent;    /* sixtieths of a connection, given back as time goes by */
    time_t counted_at;
};

/* By hash, so that there are as many as there are, whoever comes: two in one slot only make the limits stricter. `seed` is secret:
 * nobody chooses an address that shares the office's. An IPv6 client is its network of 64 bits: it may have all the addresses in
 * it. */
struct addresses {
    uint32_t seed;
    struct address slots[ADDRESS_SLOTS];
};

/* False without randomness. */
bool addresses_init(struct addresses *addresses);
struct address *address_of(struct addresses *addresses, const struct sockaddr *from);

/* May it have one more connection now (monotonic seconds)? Counts it if so. The caller takes it back from `open` at its end. */
bool address_admit(struct address *address, const struct config *config, time_t now);

#endif
