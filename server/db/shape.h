/* Does the database have the functions that the method table and the messages describe? Asked when a connection opens. */
#ifndef SERVER_DB_SHAPE_H
#define SERVER_DB_SHAPE_H

#include <libpq-fe.h>
#include <loket/error.h>

extern const char shape_functions_query[], shape_types_query[];

/* LOKET_INVALID with the first difference in error->message and argument. The results are those of the queries. */
enum loket_error shape_check(const PGresult *functions, const PGresult *types, struct error *error);

#endif
