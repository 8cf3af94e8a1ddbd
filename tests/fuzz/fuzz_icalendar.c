/* A calendar that an administrator got from somewhere. */
#include <server/icalendar.h>
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct days_off days;
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    bool good = icalendar_read(text, &days);
    if (good == (days.mistake != NULL) || days.count > ICALENDAR_EVENTS || (!good && days.line < 1)) abort();
    for (size_t i = 0; good && i < days.count; i++) {
        const struct day_off *day = &days.days[i];
        if (strlen(day->from) != 10 || strlen(day->until) != 10 || strcmp(day->from, day->until) > 0) abort();
        for (const char *p = day->name; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f) abort();
    }
    days_off_free(&days);
    free(text);
    return 0;
}
