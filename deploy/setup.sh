#!/usr/bin/env bash
# Installs what is missing, says what it does, and does nothing when nothing is missing.
#   deploy/setup.sh run    what `make run` needs
#   deploy/setup.sh test   that, plus the test tools, Chromium and a Japanese font
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}

step() { printf '%s\n' "▸ $*" >&2; }
fail() { printf '%s\n' "✗ $*" >&2; exit 1; }

# --- Debian packages -----------------------------------------------------------------------------
need=()
compgen -G '/usr/lib/postgresql/*/lib/postgis-3.so' >/dev/null || [ -n "${DATABASE_URL:-}${MACHIPIKA_DATABASE_URL:-}" ] \
  || need+=(postgresql-postgis)
command -v npm >/dev/null || need+=(nodejs npm)
python=""
for candidate in python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate; break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or newer is needed."
"$python" -c 'import ensurepip' 2>/dev/null || need+=(python3-venv)
# PDFs: Pango lays the text out, a Japanese font goes into the file.
compgen -G '/usr/lib/*/libpangoft2-1.0.so.0' >/dev/null || need+=(libpango-1.0-0 libpangoft2-1.0-0)
compgen -G '/usr/lib/*/libharfbuzz-subset.so.0' >/dev/null || need+=(libharfbuzz-subset0)
command -v fc-list >/dev/null || need+=(fontconfig)
{ command -v fc-list >/dev/null && fc-list :lang=ja | grep -q .; } || need+=(fonts-noto-cjk)
if [ "$what" = test ]; then
  [ -x /usr/lib/postgresql/15/bin/postgres ] || compgen -G '/usr/lib/postgresql/*/lib/postgis-3.so' >/dev/null \
    || need+=(postgresql-postgis)
  command -v chromium >/dev/null || need+=(chromium)
fi

if [ ${#need[@]} -gt 0 ]; then
  mapfile -t need < <(printf '%s\n' "${need[@]}" | sort -u)
  if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo); else
    fail "These Debian packages are missing: ${need[*]}
  Please run:  sudo apt-get install ${need[*]}"
  fi
  step "Debian packages: ${need[*]} (a few minutes the first time)"
  # A fresh PostgreSQL package would start a server of its own; ours is private, so none is wanted.
  if [[ " ${need[*]} " == *postgresql* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

# --- Python packages, exact versions with hashes -------------------------------------------------
lock=requirements.lock
[ "$what" = test ] && lock=requirements-dev.lock
stamp=.venv/.installed
wanted=$(sha256sum requirements.lock requirements-dev.lock deploy/setup.sh | sha256sum | cut -d' ' -f1)
have=$(cat "$stamp" 2>/dev/null || true)
if [ "$have" != "$wanted test" ] && [ "$have" != "$wanted $what" ]; then
  step "Python packages into .venv (about a minute the first time)"
  # --clear: what an interrupted first run left behind has a python, but no pip
  .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
  .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock"
  # A shell script: the first line of a Python script cannot hold a path with spaces.
  printf '#!/usr/bin/env bash\nhere=%q\nPYTHONPATH=$here exec "$here/.venv/bin/python" -m server.cli "$@"\n' \
    "$PWD" > .venv/bin/machipika
  chmod +x .venv/bin/machipika
  echo "$wanted $what" > "$stamp"
fi

# --- front-end packages, exact versions, copied to static/vendor ---------------------------------
wanted=$(sha256sum package.json package-lock.json deploy/vendor.py | sha256sum | cut -d' ' -f1)
if [ "$(cat static/vendor/.installed 2>/dev/null)" != "$wanted" ] || { [ "$what" = test ] && [ ! -d node_modules/axe-core ]; }; then
  step "front-end packages into static/vendor"
  npm ci --silent --ignore-scripts --no-audit --no-fund >&2
  .venv/bin/python deploy/vendor.py
  echo "$wanted" > static/vendor/.installed
fi
