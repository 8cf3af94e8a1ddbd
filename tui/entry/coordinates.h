/* A place as people paste it, by the rules of the database (rule.check_coordinates): decimal degrees, or degrees, minutes and
 * seconds, with a sign or N S E W (LS LU BT BB), latitude first unless letters say otherwise. */
#ifndef TUI_ENTRY_COORDINATES_H
#define TUI_ENTRY_COORDINATES_H

#define COORDINATES_BYTES 40

/* Writes "-5.113100, 105.306700". Returns NULL, or the msgid of what is wrong. */
const char *coordinates_read(const char *text, char out[COORDINATES_BYTES]);

#endif
