/* Connection strings for several servers. Of a keyword that stands twice in a string libpq takes the last. */
#include <server/buffer.h>
#include <server/db/hosts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_AT_MOST 16

/* A server that lost its power sends no end of the line: it is noticed within some seconds, not a quarter of an hour. */
#define WATCHED " tcp_user_timeout=10000 keepalives_idle=10 keepalives_interval=5 keepalives_count=2"

struct place {
    char host[256], port[8];
};

static bool place_read(const char *text, size_t size, struct place *place) {
    char whole[256];
    if (size == 0 || size >= sizeof whole) return false;
    memcpy(whole, text, size);
    whole[size] = '\0';
    if (strpbrk(whole, "' \\\t\n")) return false;
    char *colon = whole[0] == '/' ? NULL : strrchr(whole, ':'), *host = whole;
    if (colon && whole[0] != '[' && strchr(whole, ':') != colon) colon = NULL; /* an IPv6 address without a port */
    if (whole[0] == '[') {
        char *end = strchr(whole, ']');
        if (!end || (end[1] && end[1] != ':')) return false;
        colon = end[1] ? end + 1 : NULL;
        *end = '\0';
        host++;
    }
    place->port[0] = '\0';
    if (colon) {
        *colon = '\0';
        size_t digits = strspn(colon + 1, "0123456789");
        if (digits == 0 || digits > 5 || colon[1 + digits]) return false;
        (void)snprintf(place->port, sizeof place->port, "%s", colon + 1);
    }
    (void)snprintf(place->host, sizeof place->host, "%s", host);
    return *host != '\0';
}

/* How many; 0 when it is not a list of hosts. */
static unsigned places_read(const char *hosts, struct place places[HOSTS_AT_MOST]) {
    unsigned count = 0;
    for (const char *p = hosts;; p++) {
        size_t size = strcspn(p, ",");
        if (count == HOSTS_AT_MOST || !place_read(p, size, &places[count++])) return 0;
        p += size;
        if (!*p) return count;
    }
}

static void put_list(struct buffer *out, const char *name, const struct place *places, unsigned count, unsigned turn, bool ports) {
    buffer_text(out, name);
    for (unsigned i = 0; i < count; i++) {
        const struct place *place = &places[(i + turn) % count];
        if (i) buffer_byte(out, ',');
        buffer_text(out, ports ? place->port : place->host);
    }
    buffer_byte(out, '\'');
}

static char *put_hosts(const char *conninfo, const char *hosts, const char *more, unsigned turn) {
    struct place places[HOSTS_AT_MOST];
    struct buffer out = {.limit = 65536};
    bool has_port = false;
    unsigned count = places_read(hosts, places);
    if (!count || strstr(conninfo, "://")) return NULL;
    for (unsigned i = 0; i < count; i++) has_port = has_port || places[i].port[0];
    buffer_text(&out, conninfo);
    put_list(&out, " host='", places, count, turn, false);
    if (has_port) put_list(&out, " port='", places, count, turn, true);
    buffer_text(&out, more);
    buffer_byte(&out, 0);
    if (!out.failed) return (char *)out.data;
    buffer_free(&out);
    return NULL;
}

char *hosts_conninfo(const char *conninfo, const char *hosts, const char *attributes, unsigned turn) {
    char more[200];
    (void)snprintf(more, sizeof more, " target_session_attrs=%s" WATCHED, attributes);
    return put_hosts(conninfo, hosts, more, turn);
}

char *hosts_turned(const char *conninfo, const char *hosts, unsigned turn) {
    return *hosts ? put_hosts(conninfo, hosts, "", turn) : NULL;
}
