# shellcheck shell=bash
# What scripts/run, scripts/test and the others share.  Written for bash 3.2, which macOS still ships.
#
# Everything here asks "is it there?" first and does nothing when it is, so a second run costs a fraction of a second.
#
# Variables a user may set:
#   PYTHON          the interpreter to make the virtual environment with
#   VOXGRID_VENV    where the virtual environment is (default: .venv in the repository)

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
# shellcheck disable=SC2034 # the scripts use it
VENV=${VOXGRID_VENV:-$ROOT/.venv}
SYSTEM=$(uname -s)
OLDEST_MINOR=11
NEWEST_MINOR=14

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "${EUID:-$(id -u)}" = 0 ]; }

# Whether somebody can answer a question.
can_ask() { [ -t 0 ] && [ -t 2 ] && [ -z "${CI:-}" ]; }

# ask QUESTION: whether a person said yes.
ask() {
    local answer
    printf '%s [y/N] ' "$1" >&2
    read -r answer || return 1
    case "$answer" in [yY] | [yY][eE][sS]) return 0 ;; *) return 1 ;; esac
}

# ---------------------------------------------------------------- system packages

# The system's package manager, or nothing.
package_manager() {
    local name
    for name in apt-get dnf zypper pacman brew; do
        if has "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
}

# install_line MANAGER PACKAGE...: what one types to install packages, without sudo.  Never removes or replaces any.
install_line() {
    local manager=$1
    shift
    case "$manager" in
        apt-get) printf 'apt-get install --no-remove --no-install-recommends %s\n' "$*" ;;
        dnf) printf 'dnf install --setopt=install_weak_deps=False %s\n' "$*" ;;
        zypper) printf 'zypper install --no-recommends %s\n' "$*" ;;
        pacman) printf 'pacman -S --needed %s\n' "$*" ;;
        brew) printf 'brew install %s\n' "$*" ;;
    esac
}

APT_UPDATED=""

# apt_install SUDO PACKAGE...: install with apt after a simulation showed that nothing would be removed.
apt_install() {
    local sudo=$1
    shift
    local options="--no-remove --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0"
    local plan
    # A machine that never asked for the package lists, as every fresh container, knows no package at all.
    # shellcheck disable=SC2086 # both are lists of words
    if [ -z "$APT_UPDATED" ]; then
        $sudo apt-get update -qq || say "apt-get update failed; going on with the package lists that are there."
        APT_UPDATED=yes
    fi
    # shellcheck disable=SC2086
    plan=$(LC_ALL=C apt-get install --simulate $options "$@" 2>&1) || {
        say "apt-get cannot install $* without removing something, or does not know it:"
        say "$plan"
        return 1
    }
    case "$plan" in *$'\n'Remv\ *)
        say "apt-get would remove packages for this, so nothing was installed:"
        say "$plan"
        return 1
        ;;
    esac
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $options "$@" >/dev/null
}

# install_now MANAGER SUDO PACKAGE...
install_now() {
    local manager=$1 sudo=$2
    shift 2
    # shellcheck disable=SC2086 # sudo may be empty
    case "$manager" in
        apt-get) apt_install "$sudo" "$@" ;;
        dnf) $sudo dnf install -y --setopt=install_weak_deps=False "$@" >&2 ;;
        zypper) $sudo zypper --non-interactive install --no-recommends "$@" >&2 ;;
        pacman) $sudo pacman -S --needed --noconfirm "$@" >&2 ;;
        brew) brew install "$@" >&2 ;;
    esac
}

# install_packages WHAT-FOR PACKAGE...: install as root, ask where it needs sudo, else say what to type.
# Fails when they are not there afterwards.
install_packages() {
    local purpose=$1 manager sudo="" line
    shift
    manager=$(package_manager)
    if [ -z "$manager" ]; then
        say "Missing $purpose, and no known package manager is here.  The packages are called, for instance: $*"
        return 1
    fi
    line=$(install_line "$manager" "$@")
    if ! is_root && [ "$manager" != brew ]; then
        if ! has sudo || ! can_ask; then
            say "Missing $purpose.  Type this, then start again:"
            say "    sudo $line"
            return 1
        fi
        ask "Missing $purpose.  May I run: sudo $line ?" || return 1
        sudo=sudo
    elif [ "$manager" = brew ] && ! { can_ask && ask "Missing $purpose.  May I run: $line ?"; }; then
        say "Missing $purpose.  Type this, then start again:"
        say "    $line"
        return 1
    fi
    say "Installing $purpose: $*"
    install_now "$manager" "$sudo" "$@"
}

# package_name LIBRARY: the package that brings a shared library, by the names of this system's package manager.
package_name() {
    local manager
    manager=$(package_manager)
    case "$manager:$1" in
        apt-get:libglib-2.0.so.0) echo libglib2.0-0 ;;
        apt-get:libGL.so.1) echo libgl1 ;;
        apt-get:libEGL.so.1) echo libegl1 ;;
        apt-get:libxkbcommon.so.0) echo libxkbcommon0 ;;
        apt-get:libfontconfig.so.1) echo libfontconfig1 ;;
        apt-get:libdbus-1.so.3) echo libdbus-1-3 ;;
        apt-get:libxcb-cursor.so.0) echo libxcb-cursor0 ;;
        apt-get:libxcb-icccm.so.4) echo libxcb-icccm4 ;;
        apt-get:libxcb-keysyms.so.1) echo libxcb-keysyms1 ;;
        apt-get:libxcb-shape.so.0) echo libxcb-shape0 ;;
        apt-get:libxkbcommon-x11.so.0) echo libxkbcommon-x11-0 ;;
        apt-get:libportaudio.so.2) echo libportaudio2 ;;
        apt-get:libasound_module_pcm_pulse.so) echo libasound2-plugins ;;

        dnf:libglib-2.0.so.0) echo glib2 ;;
        dnf:libGL.so.1) echo mesa-libGL ;;
        dnf:libEGL.so.1) echo mesa-libEGL ;;
        dnf:libxkbcommon.so.0) echo libxkbcommon ;;
        dnf:libdbus-1.so.3) echo dbus-libs ;;
        dnf:libxcb-cursor.so.0) echo xcb-util-cursor ;;
        dnf:libxcb-icccm.so.4) echo xcb-util-wm ;;
        dnf:libxcb-keysyms.so.1) echo xcb-util-keysyms ;;
        dnf:libxcb-shape.so.0) echo libxcb ;;
        dnf:libxkbcommon-x11.so.0) echo libxkbcommon-x11 ;;
        dnf:libasound_module_pcm_pulse.so) echo alsa-plugins-pulseaudio ;;

        zypper:libglib-2.0.so.0) echo libglib-2_0-0 ;;
        zypper:libGL.so.1) echo Mesa-libGL1 ;;
        zypper:libEGL.so.1) echo Mesa-libEGL1 ;;
        zypper:libxkbcommon.so.0) echo libxkbcommon0 ;;
        zypper:libdbus-1.so.3) echo libdbus-1-3 ;;
        zypper:libxcb-cursor.so.0) echo libxcb-cursor0 ;;
        zypper:libxcb-icccm.so.4) echo libxcb-icccm4 ;;
        zypper:libxcb-keysyms.so.1) echo libxcb-keysyms1 ;;
        zypper:libxcb-shape.so.0) echo libxcb-shape0 ;;
        zypper:libxkbcommon-x11.so.0) echo libxkbcommon-x11-0 ;;
        zypper:libportaudio.so.2) echo libportaudio2 ;;
        zypper:libasound_module_pcm_pulse.so) echo alsa-plugins-pulse ;;

        pacman:libglib-2.0.so.0) echo glib2 ;;
        pacman:libGL.so.1 | pacman:libEGL.so.1) echo libglvnd ;;
        pacman:libxkbcommon.so.0) echo libxkbcommon ;;
        pacman:libdbus-1.so.3) echo dbus ;;
        pacman:libxcb-cursor.so.0) echo xcb-util-cursor ;;
        pacman:libxcb-icccm.so.4) echo xcb-util-wm ;;
        pacman:libxcb-keysyms.so.1) echo xcb-util-keysyms ;;
        pacman:libxcb-shape.so.0) echo libxcb ;;
        pacman:libxkbcommon-x11.so.0) echo libxkbcommon-x11 ;;
        pacman:libasound_module_pcm_pulse.so) echo alsa-plugins ;;

        *:libfontconfig.so.1) echo fontconfig ;;
        *:libportaudio.so.2) echo portaudio ;;
        *) echo "$1" ;;
    esac
}

# library_list: the names of the shared libraries that the loader finds, one a line; fails where it cannot be asked.
library_list() {
    local tool
    for tool in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
        if has "$tool"; then
            "$tool" -p 2>/dev/null && return 0
        fi
    done
    return 1
}

# missing_packages LIBRARY...: the packages of those libraries that are not here, on one line.
missing_packages() {
    local known library package missing=" "
    known=$(library_list) || return 0
    for library in "$@"; do
        case "$known" in *"$library "*) continue ;; esac
        # A plugin of ALSA is loaded by path and is not in the loader's list.
        if [ "$library" = libasound_module_pcm_pulse.so ] && has_alsa_plugin; then
            continue
        fi
        package=$(package_name "$library")
        case "$missing" in *" $package "*) ;; *) missing="$missing$package " ;; esac
    done
    missing=${missing# }
    printf '%s\n' "${missing% }"
}

has_alsa_plugin() {
    local file
    for file in /usr/lib/*/alsa-lib /usr/lib64/alsa-lib /usr/lib/alsa-lib; do
        [ -e "$file/libasound_module_pcm_pulse.so" ] && return 0
    done
    return 1
}

QT_LIBRARIES="libglib-2.0.so.0 libGL.so.1 libEGL.so.1 libxkbcommon.so.0 libfontconfig.so.1 libdbus-1.so.3"
X11_LIBRARIES="libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0 libxkbcommon-x11.so.0"
SOUND_LIBRARIES="libportaudio.so.2 libasound_module_pcm_pulse.so"

# need_libraries: what a window and sound need.  Without the window's libraries nothing works; without those for
# sound everything else does, and without those for X11 a Wayland session or a headless run does.
need_libraries() {
    [ "$SYSTEM" = Linux ] || return 0
    local window sound
    # shellcheck disable=SC2086 # lists of words
    window=$(missing_packages $QT_LIBRARIES $X11_LIBRARIES)
    # shellcheck disable=SC2086
    sound=$(missing_packages $SOUND_LIBRARIES)
    # shellcheck disable=SC2086
    if [ -n "$window" ] && ! install_packages "libraries for the window" $window; then
        if [ -n "$(missing_packages $QT_LIBRARIES)" ]; then
            exit 1
        elif [ -n "${DISPLAY:-}" ] && [ -z "${WAYLAND_DISPLAY:-}" ]; then
            exit 1
        fi
    fi
    # shellcheck disable=SC2086
    if [ -n "$sound" ] && ! install_packages "libraries for sound" $sound; then
        say "Going on without sound."
    fi
}

# Tests and benchmarks need a sound server that writes down what it plays.  It gets one of its own with a runtime directory
# of its own, so only the program must be here.  On a desktop that has a sound server nothing is installed: on Debian
# the packages exclude each other.
need_sound_server() {
    [ "$SYSTEM" = Linux ] || return 0
    local program
    for program in pulseaudio pipewire wireplumber; do has "$program" && return 0; done
    is_root && [ "$(package_manager)" = apt-get ] || return 0
    install_packages "a sound server for tests" pulseaudio pulseaudio-utils || say "Going on without a sound server."
}

need_display_server() {
    [ "$SYSTEM" = Linux ] && ! has Xvfb && is_root && [ "$(package_manager)" = apt-get ] || return 0
    install_packages "an invisible display" xvfb || say "Going on without an invisible display."
}

DISPLAY_PID=""

# start_display WIDTHxHEIGHT: an invisible X11 display for the rest of the script.
start_display() {
    local number waited=0
    has Xvfb || die "This needs Xvfb, an invisible display; on Debian and Ubuntu: $(install_line apt-get xvfb)"
    number=$(mktemp "${TMPDIR:-/tmp}/voxgrid-display.XXXXXX") || exit 1
    Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp 3>"$number" >/dev/null 2>&1 &
    DISPLAY_PID=$!
    trap 'kill "$DISPLAY_PID" 2>/dev/null' EXIT
    until [ -s "$number" ]; do
        waited=$((waited + 1))
        if [ "$waited" -gt 200 ] || ! kill -0 "$DISPLAY_PID" 2>/dev/null; then die "The invisible display did not start."; fi
        sleep 0.05
    done
    DISPLAY=:$(cat "$number")
    rm -f "$number"
    unset WAYLAND_DISPLAY
    export DISPLAY QT_QPA_PLATFORM=xcb
}

# ---------------------------------------------------------------- Python

# python_minor INTERPRETER: its minor version when it runs and is a CPython 3 that will do, else nothing.
python_minor() {
    local minor
    minor=$("$1" -c 'import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)' 2>/dev/null) || return 0
    [ "$minor" -ge "$OLDEST_MINOR" ] && [ "$minor" -le "$NEWEST_MINOR" ] && printf '%s\n' "$minor"
}

# find_python: an interpreter that will do; the user's own python3 first.
find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        [ -n "$(python_minor "$PYTHON")" ] || die "PYTHON=$PYTHON is no Python 3.$OLDEST_MINOR to 3.$NEWEST_MINOR."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
        # A version manager's shim exists without its interpreter: only running it tells.
        if has "$candidate" && [ -n "$(python_minor "$candidate")" ]; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# python_from_packages: have the system's package manager install one, where its name for it is known to fit.
python_from_packages() {
    case "$(package_manager)" in
        apt-get) install_packages "Python" python3 python3-venv ;;
        pacman) install_packages "Python" python ;;
        brew) install_packages "Python" python@3.13 ;;
        *) return 1 ;;
    esac
}

no_python() {
    say "Voxgrid needs Python 3.$OLDEST_MINOR to 3.$NEWEST_MINOR, and none was found."
    case "$(package_manager)" in
        apt-get) say "Install one, for example:    sudo apt-get install python3 python3-venv" ;;
        brew) say "Install one, for example:    brew install python@3.13" ;;
        dnf) say "Install one, for example:    sudo dnf install python3.13" ;;
        zypper) say "Install one, for example:    sudo zypper install python313" ;;
        pacman) say "Install one, for example:    sudo pacman -S python" ;;
        *) say "Install one, then start again." ;;
    esac
    say "With uv installed, this finds or fetches one by itself."
    exit 1
}

# make_venv DIRECTORY INTERPRETER: make a virtual environment with pip inside.
make_venv() {
    local directory=$1 python=$2 minor package
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        # Debian and Ubuntu keep these two in a package of their own.
        minor=$(python_minor "$python")
        package=python3.$minor-venv
        if has uv; then
            uv venv --quiet --seed --clear --python "$python" "$directory"
            return
        elif "$python" -m virtualenv --version >/dev/null 2>&1; then
            "$python" -m virtualenv --quiet --clear "$directory"
            return
        elif [ "$(package_manager)" != apt-get ] || ! install_packages "Python's venv module" "$package"; then
            die "Python's modules venv and ensurepip are missing; install them for $python and start again."
        fi
    fi
    "$python" -m venv --clear "$directory"
}

# venv_python DIRECTORY: the interpreter in it.
venv_python() { printf '%s\n' "$1/bin/python"; }

# venv_works DIRECTORY: whether it holds a supported interpreter that still starts.
venv_works() { [ -x "$1/bin/python" ] && [ -n "$(python_minor "$1/bin/python")" ]; }

# fingerprint DIRECTORY: what an installation depends on.  It holds the place too: an environment that was moved would
# still import from the old one.
fingerprint() {
    local version=""
    [ -r "$1/pyvenv.cfg" ] && version=$(grep '^version' "$1/pyvenv.cfg")
    printf '%s %s ' "$ROOT" "$version"
    cat "$ROOT/pyproject.toml" "$ROOT/constraints.txt" | cksum
}

# is_installed DIRECTORY KIND: whether nothing has changed since that was installed.  What the tests need is more than
# what the app needs.
is_installed() {
    local stamp want
    [ -x "$1/bin/python" ] || return 1
    want=$(fingerprint "$1")
    for stamp in "$1/.voxgrid-$2" "$1/.voxgrid-test"; do
        [ -r "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
    done
    return 1
}

# pip_in DIRECTORY ARGUMENT...: run pip there, quietly when nobody watches.  Indexes are the user's own configuration.
pip_in() {
    local python quiet=-qq
    python=$(venv_python "$1")
    shift
    [ -t 2 ] && quiet=-q
    (cd "$ROOT" && PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip "$1" $quiet -c constraints.txt "${@:2}") >&2
}

# need_venv DIRECTORY KIND INTERPRETER EXTRAS [GROUP...]: a virtual environment with the project and what it needs.
# KIND names the stamp; a run that finds its stamp does nothing.
need_venv() {
    local directory=$1 kind=$2 python=$3 extras=$4 group groups=""
    shift 4
    is_installed "$directory" "$kind" && return 0
    if ! venv_works "$directory"; then
        if [ -z "$python" ]; then
            python=$(find_python) || { [ -z "${PYTHON:-}" ] && get_python "$directory"; } || exit 1
            [ -n "$python" ] || python=$(find_python)
        fi
        if [ -n "$python" ]; then
            say "Making a virtual environment in ${directory#"$ROOT"/} with $python ..."
            make_venv "$directory" "$python" || die "The virtual environment could not be made."
        fi
    fi
    for group in "$@"; do groups="$groups --group $group"; done
    say "Installing pinned dependencies into ${directory#"$ROOT"/} (the first time this downloads some 250 MB) ..."
    case "$extras" in *all* | *local*)
        say "  The speech engines (eSpeak NG, Piper) come as an optional extra.  They are GPL and run only in worker"
        say "  processes of the local server; Voxgrid itself is Apache-2.0 and does not load them."
        ;;
    esac
    pip_in "$directory" install --upgrade pip || die "pip could not update itself."
    # shellcheck disable=SC2086 # a list of words
    pip_in "$directory" install --build-constraint constraints.txt -e ".$extras" $groups || die "pip could not install the dependencies."
    fingerprint "$directory" >"$directory/.voxgrid-$kind"
}

# get_python DIRECTORY: install an interpreter, let uv find or fetch one, or say what to do and end.
get_python() {
    if has uv; then
        say "No fitting Python here; uv finds or fetches one."
        uv venv --quiet --seed --clear --python ">=3.$OLDEST_MINOR,<3.$((NEWEST_MINOR + 1))" "$1" || no_python
    elif ! python_from_packages || [ -z "$(find_python)" ]; then
        no_python
    fi
}
