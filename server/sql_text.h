/* Finding the line of an SQL file that an error belongs to. Knows where a statement ends; nothing else of SQL. */
#ifndef SERVER_SQL_TEXT_H
#define SERVER_SQL_TEXT_H

#include <stddef.h>

/* The line (from 1) of the `position`-th character (from 1, UTF-8) of `text`: what PG_DIAG_STATEMENT_POSITION gives. */
int sql_line_at(const char *text, size_t position);

/* The line on which the statement number `index` (from 0) of `text` begins; empty statements do not count.
 * 0 when there are not so many. Quotes, comments and dollar quotes are understood. */
int sql_line_of_statement(const char *text, size_t index);

#endif
