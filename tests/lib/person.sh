# What a telephone does for its owner: one-time codes, and reading a picture from the screen. Sourced by tests/e2e/run.
# shellcheck shell=bash

# one_time_code SECRET [STEPS]: the code of now (or so many half minutes later), as RFC 6238 says.
one_time_code() {
    /usr/bin/python3 - "$1" "${2:-0}" <<'PYTHON'
import base64, hashlib, hmac, struct, sys, time
digest = hmac.new(base64.b32decode(sys.argv[1]), struct.pack(">Q", int(time.time()) // 30 + int(sys.argv[2])), hashlib.sha1).digest()
at = digest[-1] & 15
print("%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000))
PYTHON
}

# picture_read: what the QR code says that is on the screen in half blocks, light on dark.
picture_read() {
    terminal_text | /usr/bin/python3 -c '
import sys
halves = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
rows = []
for line in sys.stdin.read().split("\n"):
    line = line[1:]
    if set(line) <= set(halves) and "\u2588" in line:
        for half in (0, 1):
            rows.append([halves[c][half] for c in line])
wide = max(map(len, rows), default=1)
margin, scale = 4, 8
rows = [[1] * (wide + 2 * margin)] * margin + [[1] * margin + r + [1] * (wide - len(r) + margin) for r in rows] + [[1] * (wide + 2 * margin)] * margin
out = sys.stdout.buffer
out.write(b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale))
for r in rows:
    out.write(b"".join((b"\xff" if m else b"\x00") * scale for m in r) * scale)
' >"$WORK/picture.pgm"
    zbarimg -q --raw "$WORK/picture.pgm" 2>/dev/null
}
picture_says() { [[ $(picture_read) == "$1" ]]; }
