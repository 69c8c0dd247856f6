// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.app.guest.Initramfs;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineExit;
import org.javisor.machine.MachineState;
import org.javisor.testkit.Seeds;
import org.javisor.vmm.ClockReading;
import org.javisor.vmm.Vm;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Under Linux a program on each processor compares clocks with what the others have read (`clocks.c`), while the
/// machine is paused and goes on, is saved, and goes on in a new one. No clock ever goes backward, and neither the
/// watchdog of clock sources nor those for lockups and stalls have anything to say.
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ClockBootTest {
    private static final int SECONDS = 240;
    private static final long BYTES = 192L << 20;
    private static final long LONGEST_RUN = 600_000_000, SHORT_PAUSE = 50_000_000, LONG_PAUSE = 1_500_000_000;
    /// Lines of the kernel's about its clocks and watchdogs, beside errors.
    private static final String COMPLAINTS = "dmesg -r | grep -iE '^<[0-3]>|clocksource: .*(skew|read-back|wd-)"
            + "|unstable|lockup|stall|hung|BUG:|WARNING:|went backward' | grep -v 'due to running on Hyper-V'";
    private static final String CURRENT = "cat /sys/devices/system/clocksource/clocksource0/current_clocksource";

    private final SplittableRandom random = Seeds.random("clocks");
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final CommandResult result = new CommandResult();
    @TempDir
    private Path directory;
    private MachineBuilder builder;
    private volatile Machine machine;
    private CompletableFuture<MachineExit> exit;

    @Test
    void clocksGoOnlyForward() throws Exception {
        clocksGoOnlyForward(GuestInterface.KVM, "kvm-clock", 2, 3, 4);
    }

    /// Every clock source that Linux may take, on machines of one processor and of more.
    @ParameterizedTest
    @CsvSource({"KVM,kvm-clock,1", "KVM,kvm-clock,4", "KVM,tsc,2", "HYPERV,hyperv_clocksource_tsc_page,1",
        "HYPERV,hyperv_clocksource_tsc_page,2", "HYPERV,hyperv_clocksource_tsc_page,4", ",tsc,1", ",tsc,2", ",tsc,4",
        ",hpet,2", ",acpi_pm,1", ",acpi_pm,2", ",acpi_pm,4"})
    @Tag("slow")
    void clocksGoOnlyForward(GuestInterface offered, String source, int cpus) throws Exception {
        clocksGoOnlyForward(offered, source, cpus, 10, 14);
    }

    /// Its clock jumps ahead by ten minutes, in which neither its processors nor RCU did anything.
    @Test
    @Tag("slow")
    void aGuestThatWasAwayMakesUpForItAndIsNotHung() throws Exception {
        linux(GuestInterface.KVM, "kvm-clock", 2, "from=$(date +%s); echo begun;"
                + " until [ $(date +%s) -ge $((from + 600)) ]; do sleep 0.1; done; echo there; sleep 12");
        try {
            await("begun\n");
            Vm vm = machine.vm();
            vm.pause();
            ClockReading now = vm.clockReading();
            vm.setClock(new ClockReading(now.nanos(), now.wallNanos(), now.tsc(),
                    now.hostNanos() - TimeUnit.MINUTES.toNanos(10)));
            vm.resume();
            exit.get(SECONDS, TimeUnit.SECONDS);
        } finally {
            end();
        }
        assertEquals("begun\nthere\nkvm-clock\ndone\n", output());
    }

    private void clocksGoOnlyForward(GuestInterface offered, String source, int cpus, int seconds, int stops)
            throws Exception {
        linux(offered, source, cpus, "echo begun; clocks " + seconds + " && echo forward only");
        try {
            await("begun\n");
            for (int stop = 0; stop < stops && !exit.isDone(); stop++) {
                disturb(stop);
            }
            exit.get(SECONDS, TimeUnit.SECONDS);
        } finally {
            end();
        }
        assertEquals("begun\nforward only\n" + source + "\ndone\n", output());
    }

    /// Starts Linux, which runs a command, and then tells its clock source and its complaints.
    private void linux(GuestInterface offered, String source, int cpus, String command) throws Exception {
        builder = Machine.builder().cpus(cpus).memory(BYTES).interfaces(Optional.ofNullable(offered).map(Set::of)
                .orElse(Set.of())).commandLine("console=ttyS0 quiet cryptomgr.notests clocksource=" + source)
                .serial(1, out::write).serial(2, out::write).serial(3, result);
        addGuest(command + "; " + CURRENT + "; " + COMPLAINTS + "; echo done");
        result.whenKnown(() -> machine.stop());
        start(builder.build());
    }

    private void addGuest(String command) throws Exception {
        Optional<Path> program = GuestProgram.compile("clocks", directory);
        Assumptions.assumeTrue(program.isPresent(), "no gcc on this host");
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        ByteArrayOutputStream initramfs = new ByteArrayOutputStream();
        initramfs.write(guest.running(command));
        initramfs.write(new Initramfs().file("bin/clocks", 0755, Files.readAllBytes(program.get())).build());
        builder.kernel(guest.kernel()).initrd("initramfs", initramfs.toByteArray());
    }

    private void start(Machine next) {
        machine = next;
        exit = CompletableFuture.supplyAsync(next::run);
    }

    private void end() {
        machine.stop();
        exit.join();
        machine.close();
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private void await(String text) {
        while (!output().contains(text) && !exit.isDone()) {
            LockSupport.parkNanos(1_000_000);
        }
        assertTrue(output().contains(text), this::output);
    }

    /// Every other stop ends in a new machine.
    private void disturb(int stop) {
        LockSupport.parkNanos(random.nextLong(LONGEST_RUN));
        machine.vm().pause();
        LockSupport.parkNanos(random.nextLong((stop & 2) == 0 ? SHORT_PAUSE : LONG_PAUSE));
        if (stop % 2 == 0) {
            machine.vm().resume();
        } else {
            goOnElsewhere();
        }
    }

    private void goOnElsewhere() {
        try (MachineState state = machine.save()) {
            Machine next = builder.build();
            end();
            next.restore(state);
            start(next);
        }
    }
}
