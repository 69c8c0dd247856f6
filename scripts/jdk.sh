# SPDX-License-Identifier: Apache-2.0
# For other scripts: finds a JDK that is new enough, wherever JAVA_HOME points.
wanted=25

# Prints the feature release of the JDK at $1, or nothing.
release_of() {
  local line
  [ -x "$1/bin/java" ] && [ -f "$1/release" ] || return
  while read -r line; do
    case $line in JAVA_VERSION=\"*) line=${line#*\"}; echo "${line%%[!0-9]*}" ;; esac
  done <"$1/release"
}

find_jdk() {
  local home release
  for home in "${JAVISOR_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/* "$HOME"/.sdkman/candidates/java/* \
      "$HOME"/.jdks/*; do
    [ -n "$home" ] || continue
    release=$(release_of "$home" || true)
    if [ -n "$release" ] && [ "$release" -ge "$wanted" ]; then
      echo "$home"
      return
    fi
  done
  echo "javisor: no JDK $wanted or later found: install one (Debian: openjdk-$wanted-jdk or Temurin's" \
       "temurin-$wanted-jdk) or name one in JAVISOR_JAVA_HOME" >&2
  exit 2
}
