/* Everything that is not plain ASCII, and the whole text, goes as base64: no line is too long, no byte is changed on the way. */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <server/mail.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ADDRESS_BYTES   254 /* RFC 5321 4.5.3.1.3, without the brackets */
#define WORD_BYTES      39  /* 52 of base64: with "Subject: " the line has at most 76 characters (RFC 2047, 2) */
#define LINE_BYTES      57  /* 76 of base64 (RFC 2045, 6.8) */
#define MESSAGE_BYTES   262144u
#define SECONDS_AT_MOST 20L

static bool address_good(const char *address) {
    size_t length = strlen(address);
    const char *at = strchr(address, '@');
    if (!at || at == address || !at[1] || strchr(at + 1, '@') || length > ADDRESS_BYTES) return false;
    for (const unsigned char *p = (const unsigned char *)address; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || strchr("<>()[]\\,;:\"", *p)) return false;
    return true;
}

static void add_base64(struct buffer *out, const void *bytes, size_t size) {
    unsigned char text[LINE_BYTES / 3 * 4 + 4];
    int written = EVP_EncodeBlock(text, bytes, (int)size);
    buffer_add(out, text, (size_t)written);
}

/* Bytes of `text` that fit into `most` without cutting a character. */
static size_t whole_characters(const char *text, size_t most) {
    size_t size = strnlen(text, most + 1);
    if (size <= most) return size;
    size = most;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80) size--;
    return size ? size : most;
}

/* A header's text as encoded words: no line end, no colon and no bracket in it means anything. */
static void add_words(struct buffer *out, const char *text) {
    for (const char *before = ""; *text; before = "\r\n ") {
        size_t size = whole_characters(text, WORD_BYTES);
        buffer_text(out, before);
        buffer_text(out, "=?UTF-8?B?");
        add_base64(out, text, size);
        buffer_text(out, "?=");
        text += size;
    }
}

static void add_line(struct buffer *out, const char *name, const char *value) {
    buffer_text(out, name);
    buffer_text(out, ": ");
    buffer_text(out, value);
    buffer_text(out, "\r\n");
}

static void add_date(struct buffer *out, long long at) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)at;
    struct tm t;
    char text[64];
    if (!gmtime_r(&seconds, &t)) return;
    (void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[t.tm_wday % 7], t.tm_mday,
                   months[t.tm_mon % 12], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    add_line(out, "Date", text);
}

/* The text with the line ends of mail, as lines of base64. */
static void add_body(struct buffer *out, const char *text) {
    struct buffer body = {.limit = MESSAGE_BYTES};
    for (const char *p = text; *p; p++) {
        if (*p == '\r') continue;
        if (*p == '\n') buffer_byte(&body, '\r');
        buffer_byte(&body, (uint8_t)*p);
    }
    buffer_text(&body, "\r\n");
    out->failed = out->failed || body.failed;
    for (size_t at = 0; !body.failed && at < body.size; at += LINE_BYTES) {
        add_base64(out, body.data + at, body.size - at < LINE_BYTES ? body.size - at : LINE_BYTES);
        buffer_text(out, "\r\n");
    }
    buffer_free(&body);
}

bool mail_write(const struct mail *mail, struct buffer *out) {
    if (!address_good(mail->from) || !address_good(mail->to)) return false;
    buffer_text(out, "From: ");
    add_words(out, mail->from_name);
    buffer_text(out, "\r\n <");
    buffer_text(out, mail->from);
    buffer_text(out, ">\r\n");
    add_line(out, "To", mail->to);
    buffer_text(out, "Subject: ");
    add_words(out, mail->subject);
    buffer_text(out, "\r\n");
    add_date(out, mail->made_at);
    buffer_text(out, "Message-ID: <");
    buffer_text(out, mail->id);
    buffer_text(out, strchr(mail->from, '@'));
    buffer_text(out, ">\r\n");
    add_line(out, "Auto-Submitted", "auto-generated"); /* RFC 3834: nobody's "I am away" answers it */
    add_line(out, "MIME-Version", "1.0");
    add_line(out, "Content-Type", "text/plain; charset=UTF-8");
    add_line(out, "Content-Transfer-Encoding", "base64");
    buffer_text(out, "\r\n");
    add_body(out, mail->text);
    return !out->failed;
}

struct reading {
    const struct buffer *message;
    size_t at;
};

static size_t on_read(char *bytes, size_t one, size_t count, void *data) {
    struct reading *reading = data;
    size_t size = reading->message->size - reading->at;
    if (size > one * count) size = one * count;
    memcpy(bytes, reading->message->data + reading->at, size);
    reading->at += size;
    return size;
}

static CURLcode prepare(CURL *curl, const struct config *config, const struct mail *mail, struct curl_slist *to,
                        struct reading *reading) {
    bool known = *config->mail_user != '\0';
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, config->mail_server);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    /* a password never goes over an open line; without one, TLS where the mail server has it */
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_USE_SSL, known ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    if (code == CURLE_OK && known) code = curl_easy_setopt(curl, CURLOPT_USERNAME, config->mail_user);
    if (code == CURLE_OK && known) code = curl_easy_setopt(curl, CURLOPT_PASSWORD, config->mail_password);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_READDATA, reading);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, SECONDS_AT_MOST);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS_AT_MOST);
    return code;
}

/* What the transfer's end and the mail server's last answer mean. */
static enum mail_outcome judge(CURLcode code, long answer) {
    if (code == CURLE_OK) return MAIL_SENT;
    if (code == CURLE_LOGIN_DENIED || answer < 400) return MAIL_AWAY;
    if (answer >= 550 && answer <= 559) return MAIL_REFUSED;
    return answer == 421 || answer == 530 ? MAIL_AWAY : MAIL_LATER;
}

enum mail_outcome mail_send(const struct config *config, const struct mail *mail, char *problem, size_t size) {
    struct buffer message = {.limit = 2 * MESSAGE_BYTES};
    struct reading reading = {.message = &message};
    enum mail_outcome outcome = MAIL_REFUSED;
    if (!mail_write(mail, &message)) {
        (void)snprintf(problem, size, "the address is not one");
        buffer_free(&message);
        return outcome;
    }
    CURL *curl = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, mail->to);
    CURLcode code = curl && to ? prepare(curl, config, mail, to, &reading) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK) code = curl_easy_perform(curl);
    long answer = 0;
    if (curl) (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    outcome = judge(code, answer);
    (void)snprintf(problem, size, "%s (%ld)", curl_easy_strerror(code), answer);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    buffer_free(&message);
    return outcome;
}
