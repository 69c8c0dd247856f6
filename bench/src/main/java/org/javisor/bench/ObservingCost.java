// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import org.javisor.bench.ObservedGuest.Work;

/// What events cost the processor's thread that meets them, in processor time: for each kind of event what one of ten
/// thousand takes where Flight Recorder does not run ("never"), where it records something else ("off"), and where it
/// records our events ("on").
///
/// A process does "never" first and then the others, which take turns again and again, so that neither another
/// start of the JVM nor what the host does meanwhile is mistaken for a cost. The medians of several processes count;
/// the least and the most are told beside.
///
/// Takes the number of processes, 7 unless told. Ends with status 1 if in each of them events that are off cost more
/// than [#BOUND], or if those that are on cost more than [#BOUND_ON] in most.
public final class ObservingCost {
    private static final double BOUND = 1.01, BOUND_ON = 1.05;
    private static final int PROCESSES = 7, PAIRS = 30, WARM_UP_PAIRS = 15;
    /// In processor time of the guest's thread.
    private static final long WARM_UP = TimeUnit.MILLISECONDS.toNanos(2_000);
    private static final long NEVER = TimeUnit.MILLISECONDS.toNanos(1_000), SLICE = TimeUnit.MILLISECONDS.toNanos(50);
    private static final ThreadMXBean THREAD = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final List<String> OURS = List.of("Exit", "Halt", "InterruptInjected", "InterruptDelivered",
            "Exception", "PageFault", "TlbFill", "Pause", "Reset");
    /// What a process tells, in this order: nanoseconds of one without Flight Recorder; how many times as long it takes
    /// when our events are off; nanoseconds and bytes of one when they are; how many times as long with them on; bytes.
    private static final int NANOS_NEVER = 0, OFF_TIMES = 1, NANOS_OFF = 2, BYTES_OFF = 3, ON_TIMES = 4, BYTES_ON = 5;

    private ObservingCost() { }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length == 2) {
            measure(Work.valueOf(arguments[0]));
            return;
        }
        int processes = arguments.length == 1 ? Integer.parseInt(arguments[0]) : PROCESSES;
        System.out.println("| one of ten thousand | never, ns | off, times | off, bytes | on, times | on, ns more"
                + " | on, bytes |");
        System.out.println("|---|---:|---:|---:|---:|---:|---:|");
        boolean within = true;
        for (Work work : Work.values()) {
            within &= compare(work, processes);
        }
        System.exit(within ? 0 : 1);
    }

    private static boolean compare(Work work, int processes) throws IOException, InterruptedException {
        double[][] told = new double[BYTES_ON + 1][processes];
        double[] more = new double[processes];
        for (int process = 0; process < processes; process++) {
            double[] one = inAProcess(work);
            for (int what = 0; what < told.length; what++) {
                told[what][process] = one[what];
            }
            more[process] = one[NANOS_OFF] * (one[ON_TIMES] - 1);
        }
        System.out.printf(Locale.ROOT, "| `%s` | %.1f | %s | %.2f | %s | %.1f | %.2f |%n", work,
                median(told[NANOS_NEVER]), range(told[OFF_TIMES]), median(told[BYTES_OFF]), range(told[ON_TIMES]),
                median(more), median(told[BYTES_ON]));
        // Before Flight Recorder starts and afterwards HotSpot compiles differently, for better or worse.
        return Arrays.stream(told[OFF_TIMES]).min().orElseThrow() <= BOUND && median(told[ON_TIMES]) <= BOUND_ON;
    }

    private static String range(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", median(values), sorted[0], sorted[sorted.length - 1]);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double[] inAProcess(Work work) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xlog:jfr*=off", "-cp",
                System.getProperty("java.class.path"), ObservingCost.class.getName(), work.name(), "alone"));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (process.waitFor() != 0) {
            throw new IOException("a measurement failed: " + String.join(" ", command));
        }
        return Arrays.stream(answer.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    // ---- in a process of its own ----

    /// Rounds that were measured: the median of what one took, and bytes allocated for one, both of one of its works.
    private record Slice(double nanos, double bytes) { }

    private static void measure(Work work) {
        try (ObservedGuest guest = new ObservedGuest(work); Recording recording = new Recording()) {
            rounds(guest, WARM_UP);
            Slice never = rounds(guest, NEVER);
            recording.start();
            List<Slice> off = new ArrayList<>();
            List<Slice> on = new ArrayList<>();
            for (int pair = -WARM_UP_PAIRS; pair < PAIRS; pair++) {
                for (boolean ours : new boolean[] {pair % 2 == 0, pair % 2 != 0}) {
                    recording.setSettings(settings(ours));
                    Slice slice = rounds(guest, SLICE);
                    if (pair >= 0) {
                        (ours ? on : off).add(slice);
                    }
                }
            }
            double nanosOff = median(off.stream().mapToDouble(Slice::nanos).toArray());
            double[] times = new double[PAIRS];
            Arrays.setAll(times, pair -> on.get(pair).nanos / off.get(pair).nanos);
            System.out.println(never.nanos + " " + nanosOff / never.nanos + " " + nanosOff + " "
                    + median(off.stream().mapToDouble(Slice::bytes).toArray()) + " " + median(times) + " "
                    + median(on.stream().mapToDouble(Slice::bytes).toArray()));
        }
    }

    private static Map<String, String> settings(boolean ours) {
        Map<String, String> settings = new HashMap<>(Map.of("jdk.JVMInformation#enabled", "true"));
        OURS.forEach(name -> settings.put("org.javisor." + name + "#enabled", Boolean.toString(ours)));
        return settings;
    }

    /// Rounds until they have had so much processor time together. One in which the host did something else beside
    /// counts no more than another.
    private static Slice rounds(ObservedGuest guest, long nanos) {
        List<Double> took = new ArrayList<>();
        long allocated = THREAD.getCurrentThreadAllocatedBytes();
        long begin = THREAD.getCurrentThreadCpuTime();
        long last = begin;
        while (last - begin < nanos) {
            guest.round();
            long now = THREAD.getCurrentThreadCpuTime();
            took.add((double) (now - last) / ObservedGuest.ROUND);
            last = now;
        }
        allocated = THREAD.getCurrentThreadAllocatedBytes() - allocated;
        return new Slice(median(took.stream().mapToDouble(Double::doubleValue).toArray()),
                (double) allocated / took.size() / ObservedGuest.ROUND);
    }
}
