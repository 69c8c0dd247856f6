// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.management.ManagementFactory;

/// Kicks a guest that runs for too long: measured in the time that its thread has had a processor, for others may be
/// busy on the host.
final class Watchdog {
    private static final long PERIOD_MILLIS = 50;

    private static ProgramGuest watched;
    private static long thread;
    private static long deadline;

    static {
        Thread.ofPlatform().daemon().name("watchdog").start(Watchdog::watchForever);
    }

    private Watchdog() { }

    static synchronized void watch(ProgramGuest guest, long nanos) {
        guest.stuck = false;
        watched = guest;
        thread = Thread.currentThread().threadId();
        deadline = used() + nanos;
    }

    private static long used() {
        return ManagementFactory.getThreadMXBean().getThreadCpuTime(thread);
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
        if (watched != null && used() - deadline > 0) {
            watched.stuck = true;
            watched.cpu.request(Requests.KICK);
        }
    }
}
