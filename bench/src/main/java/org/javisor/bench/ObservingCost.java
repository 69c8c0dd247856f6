// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import org.javisor.bench.ObservedGuest.Work;

/// What events cost the processor's thread that meets them, in processor time: for each kind of event what one of ten
/// thousand takes, in a process for each measurement. Those that are compared take turns, so that what else the host
/// does bears on all of them, and the medians of the turns count.
///
/// Takes the number of turns, 9 unless told. Ends with status 1 if events that are off cost more than [#BOUND].
public final class ObservingCost {
    private static final double BOUND = 1.01;
    private static final int TURNS = 9;
    /// In processor time of the guest's thread.
    private static final long WARM_UP = TimeUnit.MILLISECONDS.toNanos(1_500), MEASURED = TimeUnit.SECONDS.toNanos(1);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /// What is recorded.
    public enum Recorded {
        /// There is no recording in the process.
        NEVER,
        /// There is one, of something else.
        OFF,
        /// All our events are recorded.
        ON;

        private static final List<String> OURS = List.of("Exit", "Halt", "InterruptInjected", "InterruptDelivered",
                "Exception", "PageFault", "TlbFill", "Pause", "Reset");

        /// @return null for [#NEVER]
        Recording start() {
            if (this == NEVER) {
                return null;
            }
            Recording recording = new Recording();
            recording.enable("jdk.JVMInformation");
            if (this == ON) {
                OURS.forEach(name -> recording.enable("org.javisor." + name));
            }
            recording.start();
            return recording;
        }
    }

    private ObservingCost() { }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length == 2) {
            System.out.println(nanosOfOne(Work.valueOf(arguments[0]), Recorded.valueOf(arguments[1])));
            return;
        }
        int turns = arguments.length == 1 ? Integer.parseInt(arguments[0]) : TURNS;
        System.out.println("| nanoseconds of processor time | never | off | on |");
        System.out.println("|---|---:|---:|---:|");
        boolean within = true;
        for (Work work : Work.values()) {
            within &= compare(work, turns);
        }
        System.exit(within ? 0 : 1);
    }

    private static boolean compare(Work work, int turns) throws IOException, InterruptedException {
        Map<Recorded, double[]> measured = new EnumMap<>(Recorded.class);
        for (int turn = 0; turn < turns; turn++) {
            for (Recorded recorded : Recorded.values()) {
                measured.computeIfAbsent(recorded, _ -> new double[turns])[turn] = inAProcess(work, recorded);
            }
        }
        double never = median(measured.get(Recorded.NEVER));
        double off = median(measured.get(Recorded.OFF));
        double on = median(measured.get(Recorded.ON));
        System.out.printf(Locale.ROOT, "| `%s` | %.1f | %.1f (%.3f) | %.1f (%+.1f) |%n", work, never, off, off / never,
                on, on - never);
        return off <= never * BOUND;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double inAProcess(Work work, Recorded recorded) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xlog:jfr*=off", "-cp",
                System.getProperty("java.class.path"), ObservingCost.class.getName(), work.name(), recorded.name()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (process.waitFor() != 0) {
            throw new IOException("a measurement failed: " + String.join(" ", command));
        }
        return Double.parseDouble(answer);
    }

    /// The median of rounds: one in which the host did something else beside counts no more than another.
    private static double nanosOfOne(Work work, Recorded recorded) {
        Recording recording = recorded.start();
        try (ObservedGuest guest = new ObservedGuest(work)) {
            rounds(guest, WARM_UP);
            return median(rounds(guest, MEASURED)) / ObservedGuest.ROUND;
        } finally {
            if (recording != null) {
                recording.close();
            }
        }
    }

    /// The processor time of each round, until they have had so much together.
    private static double[] rounds(ObservedGuest guest, long nanos) {
        List<Double> took = new ArrayList<>();
        long begin = THREADS.getCurrentThreadCpuTime();
        long last = begin;
        while (last - begin < nanos) {
            guest.round();
            long now = THREADS.getCurrentThreadCpuTime();
            took.add((double) (now - last));
            last = now;
        }
        return took.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
