/* Counting by address. Knows nothing of sessions. */
#include <netinet/in.h>
#include <openssl/rand.h>
#include <server/address.h>

#define SPENT_BY_ONE 60 /* so that the rate of a minute is a whole number for each second */

bool addresses_init(struct addresses *addresses) {
    return RAND_bytes((unsigned char *)&addresses->seed, sizeof addresses->seed) == 1;
}

struct address *address_of(struct addresses *addresses, const struct sockaddr *from) {
    bool six = from->sa_family == AF_INET6;
    const unsigned char *bytes = six ? ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr.s6_addr
                                     : (const void *)&((const struct sockaddr_in *)(const void *)from)->sin_addr;
    uint32_t hash = 2166136261u ^ addresses->seed; /* FNV-1a */
    for (size_t i = 0; i < (six ? 8u : 4u); i++) hash = (hash ^ bytes[i]) * 16777619u;
    hash ^= hash >> 16; /* its low bits alone would be those of the last byte */
    return &addresses->slots[hash % ADDRESS_SLOTS];
}

bool address_admit(struct address *address, const struct config *config, time_t now) {
    int64_t most = (int64_t)config->clients_per_address * SPENT_BY_ONE;
    int64_t back = (int64_t)(now - address->counted_at) * config->connections_per_minute;
    address->counted_at = now;
    address->spent = address->spent > back ? address->spent - back : 0;
    if (address->open >= (unsigned)config->clients_per_address || address->spent + SPENT_BY_ONE > most) return false;
    address->spent += SPENT_BY_ONE;
    address->open++;
    return true;
}
