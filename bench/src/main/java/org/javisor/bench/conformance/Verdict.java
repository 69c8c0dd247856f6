// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How a program ended.
///
/// @param checks  how many it made
/// @param detail  the first of what failed, or what it gave as its reason to skip; one line
record Verdict(Kind kind, int checks, int failures, double seconds, String detail) {
    private static final Pattern SUMMARY = Pattern.compile(
            "SUMMARY: (\\d+) tests(?:, (\\d+) unexpected failures)?.*");
    /// Statuses of the debug exit port.
    private static final int PASSED = 1, SKIPPED = 77;

    enum Kind {
        PASS, SKIP, FAIL, TIMEOUT, CRASH;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @param status what a program gave the debug exit port, as a status of QEMU's
    /// @param log    all that it printed
    static Verdict ofExit(int status, String log, double seconds) {
        int checks = 0;
        int failures = 0;
        for (String line : log.split("\r?\n")) {
            Matcher summary = SUMMARY.matcher(line);
            if (summary.matches()) {
                checks = Integer.parseInt(summary.group(1));
                failures = summary.group(2) == null ? 0 : Integer.parseInt(summary.group(2));
            }
        }
        boolean ranNothing = status == SKIPPED || log.contains("SUMMARY: 0 tests");
        Kind kind = ranNothing ? Kind.SKIP : status == PASSED && failures == 0 ? Kind.PASS : Kind.FAIL;
        return new Verdict(kind, checks, failures, seconds, switch (kind) {
            case SKIP -> first(log, "SKIP");
            case FAIL -> first(log, "FAIL");
            default -> "";
        });
    }

    static Verdict of(Kind kind, String log, String detail, double seconds) {
        int checks = (int) log.lines().filter(line -> line.startsWith("PASS")).count();
        String failed = first(log, "FAIL");
        return new Verdict(kind, checks, 0, seconds, failed.isEmpty() ? detail : failed);
    }

    private static String first(String log, String prefix) {
        return Arrays.stream(log.split("\r?\n")).filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()).replaceFirst("^: ", "").strip())
                .findFirst().orElse("");
    }

    /// The outcome in few words.
    String brief() {
        return switch (kind) {
            case PASS -> checks == 0 ? "pass" : "pass (" + checks + ")";
            case FAIL -> checks == 0 ? "fail" : failures + " of " + checks + " fail";
            default -> kind.toString();
        };
    }
}
