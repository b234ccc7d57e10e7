#!/bin/sh
# System libraries that Qt and VTK need to draw without a display, for the tests of the Slicer panels. Installs what is
# missing where that is allowed (root, or sudo without a password) and there is apt-get; otherwise says what to run.
# Never fails: without these libraries the tests of the panels are skipped, and everything else works.
set -u
PYTHON=${PYTHON:-python3}
PACKAGES="libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0"

say() { printf '%s\n' "$*" >&2; }

missing() {
    "$PYTHON" - <<'END'
import ctypes, sys
names = ("EGL.so.1", "GL.so.1", "X11.so.6", "xkbcommon.so.0", "dbus-1.so.3", "fontconfig.so.1", "glib-2.0.so.0")
absent = []
for name in names if sys.platform == "linux" else ():
    try:
        ctypes.CDLL(f"lib{name}")
    except OSError:
        absent.append(f"lib{name}")
print(" ".join(absent))
END
}

absent=$(missing)
[ -n "$absent" ] || exit 0
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || sudo -n true 2>/dev/null; }; then
    say "install: installing $PACKAGES, with which Qt and VTK draw without a display"
    install() {
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $PACKAGES \
            </dev/null >/dev/null 2>&1
    }
    install || { $sudo apt-get update --quiet=2 >/dev/null 2>&1; install; }
    absent=$(missing)
fi
[ -z "$absent" ] || {
    say "install: no $absent; the tests of the Slicer panels are skipped. With Debian or Ubuntu run:"
    say "install:   sudo apt-get install --yes $PACKAGES"
}
exit 0
