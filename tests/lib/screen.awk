# Compares the screen (standard input) with the file `wanted`: {*} is anything within a line, a line {...}
# any number of lines. Exit status 0 when they are the same.
function regex_of(text,    out, part, count, i) {
    sub(/ +$/, "", text)
    count = split(text, part, /\{\*\}/)
    for (i = 1; i <= count; i++) {
        gsub(/[][\\.^$*+?(){}|]/, "\\\\&", part[i])
        out = out (i > 1 ? ".*" : "") part[i]
    }
    return "^" out " *$"
}
function fits(row, line) {
    for (; row <= rows; row++) {
        if (want[row] == "{...}") {
            for (; line <= lines + 1; line++)
                if (fits(row + 1, line)) return 1
            return 0
        }
        if (line > lines || have[line] !~ regex_of(want[row])) return 0
        line++
    }
    return line > lines
}
{ have[++lines] = $0 }
END {
    while ((getline text < wanted) > 0) want[++rows] = text
    while (lines > 0 && have[lines] ~ /^ *$/) lines--
    while (rows > 0 && want[rows] ~ /^ *$/) rows--
    exit !fits(1, 1)
}
