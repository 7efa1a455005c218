#!/bin/bash
# Makes /rootfs, the file system that everything of ours runs in, of the files of a few Debian packages. Run in the
# Dockerfile's stage `packages`, in a Debian of which nothing but apt, dpkg and tar is used: what it brings itself is
# not in the result. Scanners find the packages by their records in /var/lib/dpkg/status.d.
set -euo pipefail
shopt -s nullglob
root=/rootfs
mkdir -p $root/usr/{bin,lib} $root/etc/ssl/certs $root/var/lib/dpkg/status.d $root/tmp $root/var/tmp
# lib -> usr/lib and the like: which ones there are is a matter of the machine.
cp -P $(find / -maxdepth 1 -type l \( -name 'lib*' -o -name bin \)) $root/
for link in $(find $root -maxdepth 1 -type l); do mkdir -p "$root/$(readlink "$link")"; done

mkdir debs && cd debs
grep -v '^#' ../packages | xargs apt-get download -q -o APT::Sandbox::User=root
for deb in *.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C $root
    { dpkg-deb -f "$deb"; echo "Status: install ok installed"; } >"$root/var/lib/dpkg/status.d/${deb%%_*}"
done
cat $root/usr/share/ca-certificates/mozilla/*.crt >$root/etc/ssl/certs/ca-certificates.crt
mkdir -p $root/usr/lib/ssl  # where OpenSSL looks; the links belong to its command line tool's package
ln -s /etc/ssl/certs $root/usr/lib/ssl/certs
ln -s /etc/ssl/certs/ca-certificates.crt $root/usr/lib/ssl/cert.pem
echo 'hosts: files dns' >$root/etc/nsswitch.conf

# Of the documentation the licences stay.
find $root/usr/share/doc \( -type f ! -name copyright -o -xtype l \) -delete
find $root/usr/share/doc -xtype l -delete
grep -v '^#' ../unneeded | while read -ra patterns; do
    cd $root && for pattern in "${patterns[@]}"; do rm -rf $pattern; done
done
find $root -mindepth 2 -type d -empty ! -path $root/var/tmp -delete

cat >$root/etc/passwd <<'PASSWD'
root:x:0:0:root:/:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
PASSWD
printf 'root:x:0:\nnogroup:x:65534:\n' >$root/etc/group
ln -s python3.11 $root/usr/bin/python3
# /app belongs to root: what is searched for code is never what a server may write to.
mkdir -p $root/{app,dev,proc,run,sys}
chmod 1777 $root/tmp $root/var/tmp
install -d -o 65534 -g 65534 -m 0770 $root/models $root/opt/slipway

# Bytecode, made by the very Python that will read it and never checked again (unchecked-hash): the file system is
# read-only where it runs, and time stamps would make every build differ, as would Python's random order of sets.
export PYTHONHASHSEED=0
chroot $root /usr/bin/python3 -I -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11

# What is missing is known now: every library loads, every module of Python's can be imported but those that are left
# out on purpose, by Debian or by us, and those of other systems.
chroot $root /usr/bin/python3 -I -B - <<'CHECK'
import ctypes, importlib, pathlib, ssl, sys

ABSENT = {"crypt", "curses", "distutils", "ensurepip", "idlelib", "lib2to3", "msilib", "msvcrt", "nis", "nt"}
ABSENT |= {"ossaudiodev", "pydoc_data", "readline", "tkinter", "turtle", "turtledemo", "winreg", "winsound"}
NOISY = {"antigravity", "this"}
for library in pathlib.Path("/usr/lib").rglob("*.so*"):
    if library.name != "ld.so" and not library.name.startswith("ld-linux"):
        ctypes.CDLL(str(library))
for name in sorted(sys.stdlib_module_names - ABSENT - NOISY):
    if not name.startswith("_"):
        importlib.import_module(name)
assert ssl.create_default_context().get_ca_certs(), "no certificate authorities"
CHECK

# COPY keeps the time stamps: layers are the same whenever they are made.
find $root -exec touch --no-dereference --date=@0 {} +
