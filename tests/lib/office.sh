# What people of the office do again and again in tests, through the screens. Sourced by tests/e2e/run.
# shellcheck shell=bash

# A NIK of Metro, born 5 July 1990, with a serial of its own.
nik_new() (
    # not by chance: of a number that was drawn before, the office knows the applicant, and fills in the form itself
    exec 9>>"$LOKET_VAR/niks"
    flock 9
    echo x >&9
    printf '187201450790%04d\n' "$(wc -l <"$LOKET_VAR/niks")"
)

# register_nurse USER NAME: USER takes in a nurse's practice permit (SIPP, no visit, no fee); sets NUMBER, PIN and
# REGISTERED_NIK.
register_nurse() {
    REGISTERED_NIK=$(nik_new)
    as "$1"
    keys F2
    fill "Izin (kode" "sipp" "Jenis" "" "Orang atau" "" "NIK (pen" "$REGISTERED_NIK" "NPWP" "" "Nama" "$2"
    fill "Tempat lahir" "" "Tanggal lahir" "" "Alamat" "Jl. Melati 4" "Kelurahan" "" "Telepon" "081200001111" "Surel" ""
    fill "Lokasi" "Metro" "Didahulukan" "" "Nomor STR" "STR-5"
    cursor "Tempat praktik"
    keys f Enter
    fill "Nama fasilitas" "RS Metro" "Alamat tempat" "Jl. RS 2" "Hari dan jam" ""
    keys F9
    fill "Fotokopi KTP" "" "Fotokopi STRP" "" "nomor" "STRP-9" "tanggal" "1/2/2024" "berlaku sampai" "1/2/2031"
    fill "Fotokopi ijazah" "" "nomor" "IJ-7" "tanggal" "" "Surat keterangan sehat" "" "nomor" "SK-1" "tanggal" ""
    keys F10
    receipt_read
}

receipt_read() {
    see "Tanda terima"
    save NUMBER '/Nomor: ([0-9]{4}-[0-9]{6})/'
    # shellcheck disable=SC2034
    save PIN '/PIN: ([0-9]{6})/'
    keys F3
    notsee "PIN:"
}

# sign USER: the head's terminal asks for the passphrase after a decision; the one entry signs everything that waits.
sign() {
    as "$1"
    see '/(Frasa sandi|Passphrase)/'
    type "$(passphrase "$1")"
    keys Enter
    see '/(Ditandatangani|Signed): /'
}
passphrase() { awk -v user="$1" '$1 == user { print $3 }' "$LOKET_VAR/demo/keys"; }

# work USER: that person opens the application NUMBER from their queue.
work() {
    as "$1"
    task "$NUMBER"
    keys Enter
    see "$NUMBER  "
}
