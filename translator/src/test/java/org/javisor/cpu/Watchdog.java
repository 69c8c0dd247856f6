// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Kicks a guest that runs for too long.
final class Watchdog {
    private static final long PERIOD_MILLIS = 100;

    private static ProgramGuest watched;
    private static long deadline;

    static {
        Thread.ofPlatform().daemon().name("watchdog").start(Watchdog::watchForever);
    }

    private Watchdog() { }

    static synchronized void watch(ProgramGuest guest, long nanos) {
        guest.stuck = false;
        watched = guest;
        deadline = System.nanoTime() + nanos;
    }

    static synchronized void rest() {
        watched = null;
    }

    private static void watchForever() {
        try {
            while (true) {
                Thread.sleep(PERIOD_MILLIS);
                kickIfLate();
            }
        } catch (InterruptedException _) {
            // Nobody does.
        }
    }

    private static synchronized void kickIfLate() {
        if (watched != null && System.nanoTime() - deadline > 0) {
            watched.stuck = true;
            watched.cpu.request(Requests.KICK);
        }
    }
}
