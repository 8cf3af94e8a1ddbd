/* Several servers of one database: "host[:port],..." put into libpq's connection strings. A host is a name, an address
 * ([::1]:5432), or the folder of a unix socket. */
#ifndef SERVER_DB_HOSTS_H
#define SERVER_DB_HOSTS_H

/* `conninfo` with all the hosts, the one of `turn` (counted round) first, and libpq's target_session_attrs. To be freed. NULL when
 * the list is not one, when `conninfo` is an address ("postgresql://": keywords are asked for), or memory is short. */
char *hosts_conninfo(const char *conninfo, const char *hosts, const char *attributes, unsigned turn);

/* The same string with another host first. NULL when there are none. */
char *hosts_turned(const char *conninfo, const char *hosts, unsigned turn);

#endif
